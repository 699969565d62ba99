"""Copies of arguments and results that no code of a submission can take part in.

Everything here was bound before a submission is loaded, and runs without its modes.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import numpy as np
import torch

globals()["__builtins__"] = dict(vars(builtins))
"""The functions below keep these, whatever a submission puts into `builtins`."""

_BASE: Final = torch._C.TensorBase  # noqa: SLF001 - the methods that torch.Tensor inherits
_Tensor, _Array = torch.Tensor, np.ndarray
_detach, _clone = _BASE.detach, _BASE.clone
_require_grad = _BASE.requires_grad_
_shape_of, _dtype_of = vars(_BASE)["shape"].__get__, vars(_BASE)["dtype"].__get__
_requires_grad, _is_leaf = vars(_BASE)["requires_grad"].__get__, vars(_BASE)["is_leaf"].__get__
_layout_of, _grad_of = vars(_BASE)["layout"].__get__, vars(_BASE)["grad"].__get__
_version_of = vars(_BASE)["_version"].__get__
_nan_to_num, _equal = torch.nan_to_num, torch.equal
_strided = torch.strided
_no_function = torch._C.DisableTorchFunction  # noqa: SLF001 - has no public name
_no_dispatch = torch._C._DisableTorchDispatch  # noqa: SLF001 - likewise


def without_modes() -> ExitStack:
    """Return a context in which no mode of the submission sees a call."""
    stack = ExitStack()
    stack.enter_context(_no_function())
    stack.enter_context(_no_dispatch())
    return stack


def leaves(tree: object) -> Iterator[object]:
    """Yield what is in lists, tuples and dicts, in order."""
    if isinstance(tree, dict):
        for item in dict.values(tree):
            yield from leaves(item)
    elif isinstance(tree, list | tuple):
        for item in tree.__iter__() if type(tree) not in (list, tuple) else tree:
            yield from leaves(item)
    else:
        yield tree


def tensors_in(tree: object) -> list[torch.Tensor]:
    """Return the tensors in lists, tuples and dicts."""
    return [leaf for leaf in leaves(tree) if isinstance(leaf, _Tensor)]


def copied(tree: Any) -> Any:
    """Copy the plain tensors and arrays of a tree of lists, tuples and dicts, without graphs."""
    with without_modes():
        return _copied(tree)


def _copied(tree: Any) -> Any:
    kind = type(tree)
    if kind is list:
        return [_copied(item) for item in tree]
    if kind is tuple:
        return tuple([_copied(item) for item in tree])
    if kind is dict:
        return {key: _copied(item) for key, item in tree.items()}
    if kind is _Tensor and _layout_of(tree) is _strided:
        return _require_grad(_clone(_detach(tree)), _requires_grad(tree))
    return tree.copy() if kind is _Array else tree


class TensorState:
    """A tensor as it is now.

    Args:
        tensor: any tensor.
    """

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor
        self._version = _version_of(tensor)
        self._copy = _clone(_detach(tensor))
        self._flags = self._flags_now()
        self._grad = _grad_of(tensor) if _is_leaf(tensor) else None

    def _flags_now(self) -> tuple[bool, bool]:
        return _requires_grad(self.tensor), _is_leaf(self.tensor)

    def has_other_values(self) -> bool:
        """Return whether the tensor has been written to."""
        tensor, copy = self.tensor, self._copy
        if _version_of(tensor) != self._version or _shape_of(tensor) != _shape_of(copy):
            return True
        if _dtype_of(tensor) != _dtype_of(copy):
            return True
        now, before = (_nan_to_num(each, nan=0.5) for each in (_detach(tensor), copy))
        return not _equal(now, before)

    def has_other_flags(self) -> bool:
        """Return whether `requires_grad` has changed, or whether it is a leaf."""
        return self._flags_now() != self._flags

    def has_other_grad(self) -> bool:
        """Return whether the tensor is a leaf and `grad` is another tensor."""
        return _is_leaf(self.tensor) and _grad_of(self.tensor) is not self._grad
