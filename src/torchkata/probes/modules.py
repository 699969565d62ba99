"""Inspect a module: registered names, tensors that a move leaves behind, injected parameters."""

from __future__ import annotations

from torch import Tensor, nn


def registered_names(net: nn.Module) -> tuple[list[str], list[str]]:
    """Return the names of a module's parameters and the keys of its state dict, both sorted."""
    return sorted(name for name, _ in net.named_parameters()), sorted(net.state_dict())


def params_left_behind(net: nn.Module, x: Tensor) -> list[str]:
    """Move a module to the device of `x`; return the names in its state that did not move."""
    state = net.to(x.device).state_dict()
    return [name for name, tensor in state.items() if tensor.device != x.device]


def with_parameters(module: nn.Module, **tensors: Tensor) -> None:
    """Make a module compute with the given tensors in place of its own parameters.

    Gradients flow through them to the tensors that were passed, as they would not through a copy.
    They are cast to the dtype and moved to the device that the parameters have at this point.

    Args:
        module: the module that holds the parameters itself, such as one layer.
        tensors: by the names of the parameters, in their shapes.

    Raises:
        ValueError: the module has no parameter of that name and shape.
    """
    for name, tensor in tensors.items():
        own = module._parameters.get(name)  # noqa: SLF001 - an attribute takes nn.Parameter alone
        if own is None or own.shape != tensor.shape:
            kind = type(module).__name__
            raise ValueError(f"{kind} has no parameter {name} of shape {list(tensor.shape)}.")
        module._parameters[name] = tensor.to(own)  # type: ignore[assignment]  # noqa: SLF001
