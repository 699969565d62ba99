"""Patterns in which the right values stand in the wrong places.

Each takes a pair and returns a sentence, or None where it does not hold.
"""

from __future__ import annotations

from itertools import combinations

from torch import Tensor

from torchkata.compare.pair import Pair

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
                return "Yours is the transpose of the expected."
            return f"Yours has dims {one} and {other} of the expected swapped."
        if pair.agree(pair.got, swapped.reshape(pair.sizes)):
            return (
                f"Yours has the right values, laid out with dims {one} and {other} swapped: "
                "`reshape` or `view` where `transpose` was meant?"
            )
    return None


def flipped(pair: Pair) -> str | None:
    """The order along a dim, or along all, is reversed."""
    for dim, size in enumerate(pair.sizes):
        if size > 1 and pair.agree(pair.got, pair.expected.flip(dim)):
            return f"Yours has the {_many(pair, dim)} in reverse order."
    dims = tuple(range(len(pair.sizes)))
    if len(dims) > 1 and pair.agree(pair.got, pair.expected.flip(dims)):
        return "Yours is reversed along every dim."
    return None


def shifted(pair: Pair) -> str | None:
    """Everything stands one place further along a dim, or one place back."""
    for dim, size in enumerate(pair.sizes):
        if size <= _FEW:
            continue
        for step, way in ((1, "later"), (-1, "earlier")):
            along = f"Yours has the {_many(pair, dim)}"
            if pair.agree(pair.got, pair.expected.roll(step, dim)):
                return f"{along} one place {way}, around the end: an index off by one?"
            later = (_from(pair.got, dim, 1), _until(pair.expected, dim))
            earlier = (_until(pair.got, dim), _from(pair.expected, dim, 1))
            # Values that are all equal look shifted whichever way they go.
            moved = later if step == 1 else earlier
            if bool((moved[1] != moved[1].flip(dim)).any()) and pair.agree(*moved):
                return f"{along} one place {way}: an index off by one?"
    return None


def cumulated(pair: Pair) -> str | None:
    """A running sum too many or too few."""
    if pair.count < _FEW:
        return None
    for dim, size in enumerate(pair.sizes):
        along = f" along dim {dim}" if len(pair.sizes) > 1 else ""
        if size < _FEW:
            continue
        if pair.agree(pair.got, pair.expected.cumsum(dim)):
            return f"Yours is the running sum of the expected{along}: a `cumsum` too many?"
        if pair.agree(pair.expected, pair.got.cumsum(dim)):
            return f"The expected is the running sum of yours{along}: is a `cumsum` missing?"
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
            return f"Yours has the right {_many(pair, dim)}, in another order."
    for dim in several:
        if pair.agree(pair.got.sort(dim).values, pair.expected.sort(dim).values):
            return f"Sorted along dim {dim}, yours is right: values in another order."
    return "Yours has the right values, in another order."


def _in_order(tensor: Tensor, dim: int) -> Tensor:
    """The slices along `dim`, sorted by the first value of each."""
    firsts = tensor.movedim(dim, 0).flatten(1)[:, 0]  # (size of dim,)
    return tensor.index_select(dim, firsts.argsort())


def _from(tensor: Tensor, dim: int, start: int) -> Tensor:
    return tensor.narrow(dim, start, tensor.shape[dim] - start)


def _until(tensor: Tensor, dim: int) -> Tensor:
    return tensor.narrow(dim, 0, tensor.shape[dim] - 1)


def _many(pair: Pair, dim: int) -> str:
    _, many, along = pair.names(dim)
    return many + along
