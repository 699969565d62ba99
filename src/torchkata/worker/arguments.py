"""The arguments of one call, recorded so that changes to them can be found afterwards."""

from __future__ import annotations

import builtins
from typing import Any, Final

from torch import nn

from torchkata.worker.snapshots import TensorState, leaves, tensors_in, without_modes

globals()["__builtins__"] = dict(vars(builtins))
"""The functions below keep these, whatever a submission puts into `builtins`."""

VALUES: Final = "values"
REQUIRES_GRAD: Final = "requires_grad"
GRAD: Final = "grad"
ITEMS: Final = "items"
MODULE: Final = "module"
CHANGES: Final = (VALUES, REQUIRES_GRAD, GRAD, ITEMS, MODULE)
"""What a call may change about an argument, in the order in which it is reported."""


class _Argument:
    """One argument before a call: its tensors, containers and modules."""

    def __init__(self, value: object) -> None:
        self._tensors = [TensorState(leaf) for leaf in tensors_in(value)]
        self._containers = [(each, _identities(each)) for each in _containers(value)]
        modules = [leaf for leaf in leaves(value) if isinstance(leaf, nn.Module)]
        self._modules = [(module, _module_state(module)) for module in modules]

    def change(self) -> str:
        """Return what has changed first, one of `CHANGES`; empty if nothing has."""
        changes = {_change_of(tensor) for tensor in self._tensors}
        if any(_identities(each) != items for each, items in self._containers):
            changes.add(ITEMS)
        if any(_module_state(module) != state for module, state in self._modules):
            changes.add(MODULE)
        return next((change for change in CHANGES if change in changes), "")


def _change_of(tensor: TensorState) -> str:
    if tensor.has_other_values():
        return VALUES
    if tensor.has_other_flags():
        return REQUIRES_GRAD
    return GRAD if tensor.has_other_grad() else ""


class RecordedArguments:
    """The arguments of one call, before it."""

    def __init__(self, arguments: tuple[object, ...]) -> None:
        with without_modes():
            self._arguments = [_Argument(each) for each in arguments]

    def changes(self) -> list[list[object]]:
        """Return [position, change] for each argument that has changed since."""
        with without_modes():
            changes = [argument.change() for argument in self._arguments]
        return [[position, change] for position, change in enumerate(changes) if change]


def _containers(value: object) -> list[Any]:
    """Return all lists and dicts of a tree, the outermost first."""
    if isinstance(value, dict):
        return [value, *(each for item in dict.values(value) for each in _containers(item))]
    if isinstance(value, (list, tuple)):
        inner = [each for item in value for each in _containers(item)]
        return [value, *inner] if isinstance(value, list) else inner
    return []


def _identities(container: Any) -> list[object]:
    if isinstance(container, dict):
        return [(key, id(item)) for key, item in container.items()]
    return [id(item) for item in container]


def _module_state(module: nn.Module) -> list[object]:
    """Return what a caller of a module does not expect to change: modes, flags and hooks."""
    modes = [each.training for each in module.modules()]
    flags = [(name, p.requires_grad) for name, p in module.named_parameters()]
    hooks = [
        len(each._forward_hooks) + len(each._forward_pre_hooks) + len(each._backward_hooks)  # noqa: SLF001
        for each in module.modules()
    ]
    return [modes, flags, hooks]
