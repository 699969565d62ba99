"""Patterns in which the right values are in the wrong positions.

Each takes a mismatch and returns None if the pattern does not match.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

from torch import Tensor

from torchkata.grading.compare.mismatch import Mismatch, PatternMatch
from torchkata.i18n import Message, _

_MAX_DIMS: Final = 6
_MAX_SORTED: Final = 1 << 21  # sorting more values takes too long for a hint
_FEW: Final = 2
_MANY: Final = 8  # values that are where the transpose has them


def transposed(mismatch: Mismatch) -> PatternMatch | None:
    """Match two swapped dims, and a reshape in place of a transpose."""
    few = not mismatch.has_evidence and int(mismatch.wrong.sum()) < _MANY
    if few or len(mismatch.sizes) > _MAX_DIMS:
        return None
    for first, second in combinations(range(len(mismatch.sizes)), 2):
        swapped = mismatch.expected.transpose(first, second)
        if tuple(swapped.shape) == mismatch.sizes and mismatch.close(mismatch.got, swapped):
            if len(mismatch.sizes) == _FEW:
                message = _("Your result is the transpose of the expected result.")
            else:
                message = _(
                    "Dims {first} and {second} of your result are swapped.",
                    first=first,
                    second=second,
                )
            return PatternMatch("transposed", message)
        if mismatch.has_evidence and mismatch.close(mismatch.got, swapped.reshape(mismatch.sizes)):
            message = _(
                "Your result has the right values, but laid out with dims {first} and {second} "
                "swapped.",
                first=first,
                second=second,
            )
            return PatternMatch("reshaped", message)
    return None


def reversed_order(mismatch: Mismatch) -> PatternMatch | None:
    """Match a reversed order along one dim or along all of them."""
    for dim, size in enumerate(mismatch.sizes):
        if size > 1 and mismatch.close(mismatch.got, mismatch.expected.flip(dim)):
            slices = mismatch.slices(dim).all()
            message = _("Your result has {slices} in reverse order.", slices=slices)
            return PatternMatch("flipped", message)
    dims = tuple(range(len(mismatch.sizes)))
    if len(dims) > 1 and mismatch.close(mismatch.got, mismatch.expected.flip(dims)):
        return PatternMatch("flipped", _("Your result is reversed along every dim."))
    return None


def shifted(mismatch: Mismatch) -> PatternMatch | None:
    """Match a shift by one position along a dim."""
    for dim, size in enumerate(mismatch.sizes):
        if size <= _FEW:
            continue
        for step in (1, -1):
            if mismatch.close(mismatch.got, mismatch.expected.roll(step, dim)):
                return PatternMatch("shifted", _rolled(mismatch.slices(dim).all(), step))
            later = (_after_first(mismatch.got, dim), _before_last(mismatch.expected, dim))
            earlier = (_before_last(mismatch.got, dim), _after_first(mismatch.expected, dim))
            # Equal values look shifted in either direction.
            got, expected = later if step == 1 else earlier
            if bool((expected != expected.flip(dim)).any()) and mismatch.close(got, expected):
                return PatternMatch("shifted", _moved(mismatch.slices(dim).all(), step))
    return None


def _rolled(slices: Message, step: int) -> Message:
    return _(
        "Your result has {slices} one position later than expected, with wraparound."
        if step == 1
        else "Your result has {slices} one position earlier than expected, with wraparound.",
        slices=slices,
    )


def _moved(slices: Message, step: int) -> Message:
    return _(
        "Your result has {slices} one position later than expected."
        if step == 1
        else "Your result has {slices} one position earlier than expected.",
        slices=slices,
    )


def cumsum_slip(mismatch: Mismatch) -> PatternMatch | None:
    """Match an extra or missing running sum."""
    if mismatch.count < _FEW:
        return None
    vector = len(mismatch.sizes) == 1
    for dim, size in enumerate(mismatch.sizes):
        if size < _FEW:
            continue
        if mismatch.close(mismatch.got, mismatch.expected.cumsum(dim)):
            message = _(
                "Your result is the running sum of the expected result."
                if vector
                else "Your result is the running sum of the expected result along dim {dim}.",
                dim=dim,
            )
            return PatternMatch("extra-cumsum", message)
        if mismatch.close(mismatch.expected, mismatch.got.cumsum(dim)):
            message = _(
                "The expected result is the running sum of yours."
                if vector
                else "The expected result is the running sum of yours along dim {dim}.",
                dim=dim,
            )
            return PatternMatch("missing-cumsum", message)
    return None


def permuted(mismatch: Mismatch) -> PatternMatch | None:
    """Match the right values in a different order."""
    if not _FEW <= mismatch.count <= _MAX_SORTED or mismatch.got.is_complex():
        return None
    got, expected, wrong = mismatch.got, mismatch.expected, mismatch.wrong
    # Values in the right position need no sorting.
    moved = got[wrong].sort().values, expected[wrong].sort().values
    if not mismatch.close(*moved, tight=True):
        return None
    return PatternMatch("permuted", _order(mismatch))


def _order(mismatch: Mismatch) -> Message:
    """Return the sentence for values in a different order."""
    matrix = len(mismatch.sizes) > 1
    dims = [dim for dim, size in enumerate(mismatch.sizes) if size > 1 and matrix]
    for dim in dims:
        if mismatch.close(_in_order(mismatch.got, dim), _in_order(mismatch.expected, dim)):
            slices = mismatch.slices(dim).all_right()
            return _("Your result has {slices} in a different order.", slices=slices)
    for dim in dims:
        if mismatch.close(mismatch.got.sort(dim).values, mismatch.expected.sort(dim).values):
            return _(
                "Your result has the right values along dim {dim}, but in a different order.",
                dim=dim,
            )
    return _("Your result has the right values in a different order.")


def _in_order(tensor: Tensor, dim: int) -> Tensor:
    """Return the slices along `dim`, sorted by the first value of each."""
    firsts = tensor.movedim(dim, 0).flatten(1)[:, 0]  # (size of dim,)
    return tensor.index_select(dim, firsts.argsort())


def _after_first(tensor: Tensor, dim: int) -> Tensor:
    return tensor.narrow(dim, 1, tensor.shape[dim] - 1)


def _before_last(tensor: Tensor, dim: int) -> Tensor:
    return tensor.narrow(dim, 0, tensor.shape[dim] - 1)
