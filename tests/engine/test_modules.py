"""Pieces of probes for modules: names, what a move leaves behind, parameters that are given."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from torchkata.probes import params_left_behind, with_parameters, registered_names
from torchkata.worker.twin import device


class Odd(nn.Module):
    """A layer, a buffer, and a tensor that nobody knows of."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.constant = nn.Buffer(torch.ones(2))
        self.unknown = torch.ones(2)
        self.listed = [nn.Linear(2, 2)]


class Stays(nn.Linear):
    """A layer that does not move."""

    def _apply(self, *_: object, **__: object) -> Stays:
        return self


def test_registered_names():
    """Parameters and state are told apart, and what is not registered stands in neither."""
    names, keys = registered_names(Odd())

    assert names == ["layer.bias", "layer.weight"]
    assert keys == ["constant", "layer.bias", "layer.weight"]


def test_what_stays_behind():
    """A module that moves leaves nothing; one that does not is named, parameter by parameter."""
    with device.TwinMode():
        x = device.to_twin(torch.ones(3))
        assert params_left_behind(Odd(), x) == []
        assert params_left_behind(nn.Sequential(Stays(3, 1), nn.Linear(1, 1)), x) == ["0.weight", "0.bias"]


def test_given_numbers_are_computed_with():
    """The layer computes with them, and gradients flow through them to where they come from."""
    layer, numbers = nn.Linear(2, 1), torch.tensor([2.0, 3.0, 5.0], requires_grad=True)

    with_parameters(layer, weight=numbers[:2].view(1, 2), bias=numbers[2:])
    y = layer(torch.tensor([10.0, 100.0]))
    y.sum().backward()

    assert y.tolist() == [325.0]
    assert numbers.grad is not None
    assert numbers.grad.tolist() == [10.0, 100.0, 1.0]


def test_given_numbers_hide_no_dtype():
    """A layer that was left in float32 still fails on float64 inputs."""
    layer, weight = nn.Linear(2, 1, bias=False), torch.ones(1, 2, dtype=torch.float64)

    with_parameters(layer, weight=weight)
    with pytest.raises(RuntimeError, match="dtype"):
        layer(weight)
    with_parameters(layer.double(), weight=weight)
    assert layer(weight).item() == 2


def test_given_numbers_hide_no_place():
    """A layer that was left on the CPU still fails on inputs of another device."""
    layer = nn.Linear(2, 1, bias=False)

    with device.TwinMode():
        x = device.to_twin(torch.ones(1, 2))
        with_parameters(layer, weight=x)
        with pytest.raises(RuntimeError, match="device"):
            layer(x)


@pytest.mark.parametrize("name", ["bias", "slope"])
def test_what_is_no_parameter_is_not_given(name: str):
    """A parameter of another shape, or none of that name, is an error that says so."""
    with pytest.raises(ValueError, match=f"Linear has no parameter {name} of shape"):
        with_parameters(nn.Linear(2, 1), **{name: torch.ones(2)})
