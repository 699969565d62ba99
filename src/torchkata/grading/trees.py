"""Arguments and results as trees of tensors, in other dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_leaves, tree_map

from torchkata.worker.wire.encoding import can_be_sent


def to_float64(tree: Any) -> Any:
    """Return the same arguments with every floating tensor in float64."""
    if isinstance(tree, torch.Tensor):
        return tree.detach().double() if tree.dtype.is_floating_point else tree
    if isinstance(tree, (list, tuple)):
        return type(tree)(to_float64(leaf) for leaf in tree)
    if isinstance(tree, dict):
        return {key: to_float64(leaf) for key, leaf in tree.items()}
    return tree


def cast_like(precise: Any, like: Any) -> Any:
    """Return what was computed in float64 in the dtypes of another result of equal structure."""
    return tree_map(lambda p, o: p.to(o.dtype) if torch.is_tensor(o) else p, precise, like)


def same_leaves(one: Any, other: Any) -> bool:
    """Return whether two trees hold equal leaves in the same order; nan equals nothing."""
    pairs = list(zip(tree_leaves(one), tree_leaves(other), strict=False))
    if len(tree_leaves(one)) != len(tree_leaves(other)):
        return False
    return all(_equal(a, b) for a, b in pairs)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    both = torch.is_tensor(one) and torch.is_tensor(other)
    return torch.equal(one, other) if both else bool(one == other)


def changed_tensors(before: tuple[Any, ...], after: Any) -> list[int]:
    """Return the positions of the arguments of which a tensor differs in any bit.

    Args:
        before: the arguments as they were drawn.
        after: the same as a worker has returned them. Arguments that hold a tensor that cannot be
            returned, such as a sparse one, are not compared.
    """
    if not isinstance(after, list) or len(after) != len(before):
        return list(range(len(before)))
    return [
        position
        for position, (one, other) in enumerate(zip(before, after, strict=True))
        if all(can_be_sent(tensor) for tensor in _tensors(one)) and not _same_bits(one, other)
    ]


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if torch.is_tensor(leaf)]


def _same_bits(one: Any, other: Any) -> bool:
    mine, theirs = _tensors(one), _tensors(other)
    return len(mine) == len(theirs) and all(map(_equal_bits, mine, theirs))


def _equal_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    one, other = (each.detach().reshape(-1).contiguous() for each in (one, other))
    return torch.equal(one.view(torch.uint8), other.view(torch.uint8))
