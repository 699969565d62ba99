"""Probes for modules: registered names, tensors that a move leaves behind, injected parameters."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch
from torch import nn

from torchkata.probes import (
    params_left_behind,
    registered_names,
    saved_and_loaded,
    with_parameters,
)
from torchkata.worker.twin import device


class Mixed(nn.Module):
    """A module with a layer, a buffer, an unregistered tensor and an unregistered layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.constant = nn.Buffer(torch.ones(2))
        self.unknown = torch.ones(2)
        self.listed = [nn.Linear(2, 2)]


class Immovable(nn.Linear):
    """A layer that does not move."""

    def _apply(self, *_: object, **__: object) -> Immovable:
        return self


def test_registered_names_are_those_of_parameters_and_state():
    """Parameters and state are separate lists, and unregistered tensors are in neither."""
    names, keys = registered_names(Mixed())

    assert names == ["layer.bias", "layer.weight"]
    assert keys == ["constant", "layer.bias", "layer.weight"]


def test_params_left_behind_names_parameters_that_did_not_move():
    """A module that moves leaves nothing behind; the parameters of one that does not are named."""
    with device.TwinMode():
        x = device.to_twin(torch.ones(3))
        assert params_left_behind(Mixed(), x) == []
        assert params_left_behind(nn.Sequential(Immovable(3, 1), nn.Linear(1, 1)), x) == [
            "0.weight",
            "0.bias",
        ]


class Remembering(nn.Linear):
    """A layer that keeps its first result for each tensor."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not hasattr(self, "known"):
            self.known: dict[int, torch.Tensor] = {}
        return self.known.setdefault(id(x), super().forward(x))


def test_results_kept_in_a_module_are_out_of_date_after_loading():
    """A module is used before it loads a state, so that a result that it keeps is wrong."""
    kata = ModuleType("kata")
    kata.Layer, kata.Remembering = nn.Linear, Remembering  # type: ignore[attr-defined]
    values = {"weight": torch.tensor([[3.0]]), "bias": torch.tensor([1.0])}

    results = [
        saved_and_loaded(kata, entry, (1, 1), values, [torch.ones(1)])["result"]
        for entry in ("Layer", "Remembering")
    ]

    assert results[0].tolist() == [7.0]
    assert results[1].tolist() != [7.0]


def test_injected_parameters_are_used_and_get_gradients():
    """The layer computes with them, and gradients flow back to the tensors that were passed."""
    layer, numbers = nn.Linear(2, 1), torch.tensor([2.0, 3.0, 5.0], requires_grad=True)

    with_parameters(layer, weight=numbers[:2].view(1, 2), bias=numbers[2:])
    y = layer(torch.tensor([10.0, 100.0]))
    y.sum().backward()

    assert y.tolist() == [325.0]
    assert numbers.grad is not None
    assert numbers.grad.tolist() == [10.0, 100.0, 1.0]


def test_injected_parameters_do_not_mask_wrong_dtype():
    """A layer that stayed in float32 still fails on float64 inputs."""
    layer, weight = nn.Linear(2, 1, bias=False), torch.ones(1, 2, dtype=torch.float64)

    with_parameters(layer, weight=weight)
    with pytest.raises(RuntimeError, match="dtype"):
        layer(weight)
    with_parameters(layer.double(), weight=weight)
    assert layer(weight).item() == 2


def test_injected_parameters_do_not_mask_wrong_device():
    """A layer that stayed on the CPU still fails on inputs on another device."""
    layer = nn.Linear(2, 1, bias=False)

    with device.TwinMode():
        x = device.to_twin(torch.ones(1, 2))
        with_parameters(layer, weight=x)
        with pytest.raises(RuntimeError, match="device"):
            layer(x)


@pytest.mark.parametrize("name", ["bias", "slope"])
def test_injecting_an_unknown_parameter_raises(name: str):
    """The error names a parameter that does not exist or has another shape."""
    with pytest.raises(ValueError, match=f"Linear has no parameter {name} of shape"):
        with_parameters(nn.Linear(2, 1), **{name: torch.ones(2)})
