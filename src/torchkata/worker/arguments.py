"""The arguments of one call, recorded so that changes to them can be found afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

# Saved now, because a submission may replace them.
_equal = torch.equal

VALUES: Final = "values"
REQUIRES_GRAD: Final = "requires_grad"
GRAD: Final = "grad"
ITEMS: Final = "items"
MODULE: Final = "module"
CHANGES: Final = (VALUES, REQUIRES_GRAD, GRAD, ITEMS, MODULE)
"""What a call may change about an argument, in the order in which it is reported."""


@dataclass(frozen=True, kw_only=True)
class _Tensor:
    """A tensor before a call."""

    tensor: torch.Tensor
    version: int
    copy: torch.Tensor
    requires_grad: bool
    is_leaf: bool
    grad: torch.Tensor | None

    @classmethod
    def of(cls, tensor: torch.Tensor) -> _Tensor:
        return cls(
            tensor=tensor,
            version=tensor._version,  # noqa: SLF001 - has no public name
            copy=tensor.detach().clone(),
            requires_grad=tensor.requires_grad,
            is_leaf=tensor.is_leaf,
            grad=tensor.grad if tensor.is_leaf else None,
        )

    def change(self) -> str:
        tensor = self.tensor
        if tensor._version != self.version or not _same(tensor, self.copy):  # noqa: SLF001
            return VALUES
        if (tensor.requires_grad, tensor.is_leaf) != (self.requires_grad, self.is_leaf):
            return REQUIRES_GRAD
        if tensor.is_leaf and tensor.grad is not self.grad:
            return GRAD
        return ""


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    one, other = (torch.nan_to_num(each.detach(), nan=0.5) for each in (one, other))
    return bool(_equal(one, other))


class _Argument:
    """One argument before a call: its tensors, containers and modules."""

    def __init__(self, value: object) -> None:
        self._tensors = [_Tensor.of(leaf) for leaf in tensors_in(value)]
        self._containers = [(each, _identities(each)) for each in _containers(value)]
        modules = [leaf for leaf in tree_leaves(value) if isinstance(leaf, nn.Module)]
        self._modules = [(module, _module_state(module)) for module in modules]

    def change(self) -> str:
        """Return what has changed first, one of `CHANGES`; empty if nothing has."""
        changes = {tensor.change() for tensor in self._tensors}
        if any(_identities(each) != items for each, items in self._containers):
            changes.add(ITEMS)
        if any(_module_state(module) != state for module, state in self._modules):
            changes.add(MODULE)
        return next((change for change in CHANGES if change in changes), "")


class RecordedArguments:
    """The arguments of one call, before it."""

    def __init__(self, arguments: tuple[object, ...]) -> None:
        self._arguments = [_Argument(each) for each in arguments]

    def changes(self) -> list[list[object]]:
        """Return [position, change] for each argument that has changed since."""
        changes = [argument.change() for argument in self._arguments]
        return [[position, change] for position, change in enumerate(changes) if change]


def tensors_in(tree: object) -> list[torch.Tensor]:
    """Return the tensors of a tree."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _containers(value: object) -> list[Any]:
    """Return all lists and dicts of a tree, the outermost first."""
    if isinstance(value, dict):
        return [value, *(each for item in value.values() for each in _containers(item))]
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
