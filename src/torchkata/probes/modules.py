"""Look into a module: what it has registered, what a move leaves behind, and what it computes."""

from __future__ import annotations

from torch import Tensor, nn


def registered(net: nn.Module) -> tuple[list[str], list[str]]:
    """The names of a module's parameters, and the keys of its state, both sorted."""
    return sorted(name for name, _ in net.named_parameters()), sorted(net.state_dict())


def behind(net: nn.Module, x: Tensor) -> list[str]:
    """The names in a module's state that do not lie where x does, once the module was moved."""
    state = net.to(x.device).state_dict()
    return [name for name, tensor in state.items() if tensor.device != x.device]


def given(module: nn.Module, **tensors: Tensor) -> None:
    """Let a module compute with these numbers from now on, in place of its own parameters.

    Gradients flow through them to wherever they come from, as they would not through a copy. They
    take over the dtype and the device that the parameters have by then.

    Args:
        module: that which holds the parameters itself, such as one layer.
        tensors: by the names of the parameters, in their shapes.

    Raises:
        ValueError: it has no parameter of that name and shape.
    """
    for name, tensor in tensors.items():
        own = module._parameters.get(name)  # noqa: SLF001 - an attribute takes nn.Parameter alone
        if own is None or own.shape != tensor.shape:
            kind = type(module).__name__
            raise ValueError(f"{kind} has no parameter {name} of shape {list(tensor.shape)}")
        module._parameters[name] = tensor.to(own)  # type: ignore[assignment]  # noqa: SLF001
