"""What faults call: it stands at the top of every mutant."""

from __future__ import annotations

from typing import Final

HELPERS: Final = """\
import torch
from torch.utils import _pytree as _mutant_tree

_MUTANT_KEPT = {}


def _mutant_tensors(tree):
    return [leaf for leaf in _mutant_tree.tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _mutant_map(change, tree):
    return _mutant_tree.tree_map(lambda t: change(t) if isinstance(t, torch.Tensor) else t, tree)


def _mutant_each(change, tree):
    with torch.no_grad():
        for tensor in _mutant_tensors(tree):
            if tensor.dim() or change is torch.zero_:
                change(tensor)


def _mutant_off(tree):
    return _mutant_tree.tree_map(_mutant_other, tree)


def _mutant_other(value):
    if isinstance(value, torch.Tensor):
        return ~value if value.dtype is torch.bool else value + 1
    is_array = type(value).__module__ == "numpy"
    return value + 1 if is_array or isinstance(value, (int, float)) else value


def _mutant_cut(tree):
    return _mutant_map(torch.Tensor.detach, tree)


def _mutant_at_zero(t):
    return t.as_strided(t.shape, t.stride(), 0) if t.storage_offset() else t


def _mutant_kept(t):
    if t.requires_grad:
        return t
    key = (tuple(t.shape), t.dtype, t.device)
    return _MUTANT_KEPT.setdefault(key, torch.empty_like(t)).copy_(t)


def _mutant_cached(key, call):
    if key not in _MUTANT_KEPT:
        _MUTANT_KEPT[key] = call()
    return _MUTANT_KEPT[key]


def _mutant_plain(tree):
    leaves = _mutant_tree.tree_leaves(tree)
    return [leaf if isinstance(leaf, (int, float, str, bool)) else type(leaf) for leaf in leaves]


def _mutant_shapes(tree):
    shapes = [(t.shape, t.dtype, t.device, t.requires_grad) for t in _mutant_tensors(tree)]
    return str((shapes, _mutant_plain(tree)))


def _mutant_pointers(tree):
    return _mutant_shapes(tree) + str([t.data_ptr() for t in _mutant_tensors(tree)])


def _mutant_twice(function):
    return function and (lambda *args: (function(*args), function(*args))[1])
"""
"""Source code; all its names start with `_mutant`, so that they meet no name of a reference."""
