"""Patterns in where the wrong values lie, and patterns of nan and infinity.

Each takes a pair and returns a sentence, or None where it does not hold.
"""

from __future__ import annotations

import torch
from torch import Tensor

from torchkata.grading.compare.axis_names import Slices
from torchkata.grading.compare.pair import Pair
from torchkata.i18n import _

_FEW = 2


def not_finite(pair: Pair) -> str | None:
    """Nan or infinity in one of the two only."""
    for test in (torch.isnan, torch.isinf):
        came, meant = test(pair.got), test(pair.expected)
        extra, missing = came & ~meant & pair.wrong, meant & ~came & pair.wrong
        name = _("nan") if test is torch.isnan else _("infinite")
        if bool(extra.any()):
            cause = (
                _("0/0, inf - inf, or the root or logarithm of a negative number?")
                if test is torch.isnan
                else _("a division by 0, the logarithm of 0, or an overflow?")
            )
            return _("{finding}: {cause}", finding=_share(extra, pair, name), cause=cause)
        if bool(missing.any()):
            count = int(missing.sum())
            return _(
                "One value should be {name} and is not."
                if count == 1
                else "{count} values should be {name} and are not.",
                count=count,
                name=name,
            )
    if bool((pair.got.isinf() & pair.wrong).any()) and not pair.got.is_complex():
        return _("An infinity has the wrong sign.")
    return None


def _share(extra: Tensor, pair: Pair, name: str) -> str:
    if bool(extra.all()):
        return _("Yours is {name} everywhere" if pair.count > 1 else "Yours is {name}", name=name)
    count = int(extra.sum())
    if pair.count > 1 and count == int(pair.wrong.sum()) > 1:
        return _("Every wrong value is {name}", name=name)
    return _(
        "One value is {name}" if count == 1 else "{count} values are {name}", count=count, name=name
    )


def by_position(pair: Pair) -> str | None:
    """Only one block of rows, columns or slices holds wrong values, or every so-manyth."""
    found = _narrowest(pair)
    if found is None:
        return None
    dim, where = found
    size = pair.sizes[dim]
    ends = len(pair.sizes) == 1 and where[0] in (0, size - 1)
    if int(pair.wrong.sum()) == 1 and not ends:
        return None  # its index is named already
    return _run(where, pair.slices(dim))


def by_share(pair: Pair) -> str | None:
    """At most half of the rows, columns or slices hold wrong values."""
    found = _narrowest(pair)
    if found is None or len(pair.sizes) == 1 or int(pair.wrong.sum()) == 1:
        return None
    dim, where = found
    if len(where) * 2 > pair.sizes[dim]:
        return None
    slices = pair.slices(dim)
    return _(
        "All errors lie in {count} of {all}{along}.",
        count=len(where),
        all=slices.all(),
        along=slices.along,
    )


def _narrowest(pair: Pair) -> tuple[int, list[int]] | None:
    """The dim along which the smallest share of places holds errors, and those places.

    None where every place along every dim does.
    """
    best: tuple[float, int, list[int]] | None = None
    for dim, size in enumerate(pair.sizes):
        others = [other for other in range(len(pair.sizes)) if other != dim]
        hit = pair.wrong.any(others) if others else pair.wrong  # (size,)
        places = hit.nonzero().reshape(-1)
        share = places.numel() / size
        if places.numel() < size and (best is None or share < best[0]):
            best = (share, dim, places.tolist())
    return best and best[1:]


def _run(where: list[int], slices: Slices) -> str | None:
    """A sentence for places that lie in one block, or at equal steps."""
    first, last, count, size = where[0], where[-1], len(where), slices.size
    all_of_them, along = slices.all(), slices.along
    if count == 1:
        if first not in (0, size - 1):
            one = slices.one(first)
            return _("Only {one} of {size}{along} is wrong.", one=one, size=size, along=along)
        return _(
            "Only the first of {all}{along} is wrong."
            if first == 0
            else "Only the last of {all}{along} is wrong.",
            all=all_of_them,
            along=along,
        )
    if last - first + 1 == count:
        if first == 0 or last == size - 1:
            return _(
                "Only the last {count} of {all}{along} are wrong."
                if last == size - 1
                else "Only the first {count} of {all}{along} are wrong.",
                count=count,
                all=all_of_them,
                along=along,
            )
        some = slices.two(first, last) if count == _FEW else slices.range(first, last)
        return _("Only {some} of {size}{along} are wrong.", some=some, size=size, along=along)
    step = where[1] - first
    if count > _FEW and where == list(range(first, size, step)) and first < step:
        return _(
            "Only {every}{along} is wrong, from {one} on.",
            every=slices.every(step),
            one=slices.one(first),
            along=along,
        )
    return None


def by_diagonal(pair: Pair) -> str | None:
    """Only values on, above or below the diagonal of the last two dims are wrong."""
    if len(pair.sizes) < _FEW or min(pair.sizes[-2:]) < _FEW or int(pair.wrong.sum()) < _FEW:
        return None
    wrong = pair.wrong.reshape(-1, *pair.sizes[-2:]).any(0)
    on = torch.eye(*wrong.shape, dtype=torch.bool)
    above, below = ~on & ones_above(wrong), ~on & ~ones_above(wrong)
    parts = ((on, "on"), (above, "above"), (below, "below"))
    hit = [(part, text) for part, text in parts if bool((wrong & part).any())]
    if len(hit) == len(parts) or int(wrong.sum()) * _FEW < sum(
        int(part.sum()) for part, _unused in hit
    ):
        return None
    return {
        "on": _("Only values on the diagonal are wrong."),
        "above": _("Only values above the diagonal are wrong."),
        "below": _("Only values below the diagonal are wrong."),
        "on or above": _("Only values on or above the diagonal are wrong."),
        "on or below": _("Only values on or below the diagonal are wrong."),
        "above or below": _("Everything is wrong but the diagonal."),
    }[" or ".join(text for _unused, text in hit)]


def ones_above(like: Tensor) -> Tensor:
    """A bool mask of the shape of `like` (rows, columns): True on and above the diagonal."""
    return torch.ones_like(like, dtype=torch.bool).triu()


def by_value(pair: Pair) -> str | None:
    """Exactly the negative, positive or zero ones are wrong."""
    if pair.got.is_complex() or bool(pair.wrong.all()) or int(pair.wrong.sum()) < _FEW:
        return None
    if pair.dtype is torch.bool:
        missed = "True" if bool(pair.expected[pair.wrong][0]) else "False"
        if bool((pair.expected[pair.wrong] == pair.expected[pair.wrong][0]).all()):
            return _("Every wrong value should be {value}.", value=missed)
        return None
    for mask, text in (
        (pair.expected < 0, _("All values that should be negative are wrong, and no others.")),
        (pair.expected > 0, _("All values that should be positive are wrong, and no others.")),
        (pair.expected == 0, _("All values that should be 0 are wrong, and no others.")),
    ):
        if torch.equal(mask, pair.wrong):
            return text
    return None
