"""Patterns in which the right values stand in the wrong places.

Each takes a pair and returns a sentence, or None where it does not hold.
"""

from __future__ import annotations

from itertools import combinations

from torch import Tensor

from torchkata.grading.compare.pair import Pair
from torchkata.i18n import _

_MOST_DIMS = 6
_MOST_SORTED = 1 << 21  # sorting more than this takes longer than the hint is worth
_FEW = 2


def transposed(pair: Pair) -> str | None:
    """Two dims are swapped, or a reshape stands where a swap was meant."""
    if len(pair.sizes) > _MOST_DIMS:
        return None
    for one, other in combinations(range(len(pair.sizes)), 2):
        swapped = pair.expected.transpose(one, other)
        if tuple(swapped.shape) == pair.sizes and pair.agree(pair.got, swapped):
            if len(pair.sizes) == _FEW:
                return _("Yours is the transpose of the expected.")
            return _(
                "Yours has dims {one} and {other} of the expected swapped.", one=one, other=other
            )
        if pair.agree(pair.got, swapped.reshape(pair.sizes)):
            return _(
                "Yours has the right values, laid out with dims {one} and {other} swapped: "
                "`reshape` or `view` where `transpose` was meant?",
                one=one,
                other=other,
            )
    return None


def flipped(pair: Pair) -> str | None:
    """The order along a dim, or along all, is reversed."""
    for dim, size in enumerate(pair.sizes):
        if size > 1 and pair.agree(pair.got, pair.expected.flip(dim)):
            return _("Yours has {slices} in reverse order.", slices=pair.slices(dim).the())
    dims = tuple(range(len(pair.sizes)))
    if len(dims) > 1 and pair.agree(pair.got, pair.expected.flip(dims)):
        return _("Yours is reversed along every dim.")
    return None


def shifted(pair: Pair) -> str | None:
    """Everything stands one place further along a dim, or one place back."""
    for dim, size in enumerate(pair.sizes):
        if size <= _FEW:
            continue
        for step in (1, -1):
            if pair.agree(pair.got, pair.expected.roll(step, dim)):
                return _(
                    "Yours has {slices} one place later, around the end: an index off by one?"
                    if step == 1
                    else "Yours has {slices} one place earlier, around the end: an index off by "
                    "one?",
                    slices=pair.slices(dim).the(),
                )
            later = (_from(pair.got, dim, 1), _until(pair.expected, dim))
            earlier = (_until(pair.got, dim), _from(pair.expected, dim, 1))
            # Values that are all equal look shifted whichever way they go.
            moved = later if step == 1 else earlier
            if bool((moved[1] != moved[1].flip(dim)).any()) and pair.agree(*moved):
                return _(
                    "Yours has {slices} one place later: an index off by one?"
                    if step == 1
                    else "Yours has {slices} one place earlier: an index off by one?",
                    slices=pair.slices(dim).the(),
                )
    return None


def cumulated(pair: Pair) -> str | None:
    """A running sum too many or too few."""
    if pair.count < _FEW:
        return None
    for dim, size in enumerate(pair.sizes):
        along = _(" along dim {dim}", dim=dim) if len(pair.sizes) > 1 else ""
        if size < _FEW:
            continue
        if pair.agree(pair.got, pair.expected.cumsum(dim)):
            return _(
                "Yours is the running sum of the expected{along}: a `cumsum` too many?", along=along
            )
        if pair.agree(pair.expected, pair.got.cumsum(dim)):
            return _(
                "The expected is the running sum of yours{along}: is a `cumsum` missing?",
                along=along,
            )
    return None


def permuted(pair: Pair) -> str | None:
    """The right values in another order."""
    if not _FEW <= pair.count <= _MOST_SORTED or pair.got.is_complex():
        return None
    # Those in place need no sorting.
    if not pair.agree(pair.got[pair.wrong].sort().values, pair.expected[pair.wrong].sort().values):
        return None
    several = [dim for dim, size in enumerate(pair.sizes) if size > 1 and len(pair.sizes) > 1]
    for dim in several:
        if pair.agree(_in_order(pair.got, dim), _in_order(pair.expected, dim)):
            return _("Yours has {slices}, in another order.", slices=pair.slices(dim).the_right())
    for dim in several:
        if pair.agree(pair.got.sort(dim).values, pair.expected.sort(dim).values):
            return _("Sorted along dim {dim}, yours is right: values in another order.", dim=dim)
    return _("Yours has the right values, in another order.")


def _in_order(tensor: Tensor, dim: int) -> Tensor:
    """The slices along `dim`, sorted by the first value of each."""
    firsts = tensor.movedim(dim, 0).flatten(1)[:, 0]  # (size of dim,)
    return tensor.index_select(dim, firsts.argsort())


def _from(tensor: Tensor, dim: int, start: int) -> Tensor:
    return tensor.narrow(dim, start, tensor.shape[dim] - start)


def _until(tensor: Tensor, dim: int) -> Tensor:
    return tensor.narrow(dim, 0, tensor.shape[dim] - 1)
