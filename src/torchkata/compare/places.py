"""Patterns in where the wrong values lie, and patterns of nan and infinity.

Each takes a pair and returns a sentence, or None where it does not hold.
"""

from __future__ import annotations

import torch
from torch import Tensor

from torchkata.compare import words
from torchkata.compare.pair import Pair

_FEW = 2


def not_finite(pair: Pair) -> str | None:
    """Nan or infinity in one of the two only."""
    for text, name in ((torch.isnan, "nan"), (torch.isinf, "infinite")):
        came, meant = text(pair.got), text(pair.expected)
        extra, missing = came & ~meant & pair.wrong, meant & ~came & pair.wrong
        if bool(extra.any()):
            share = _share(extra, pair, name)
            return f"{share}: {_CAUSES[name]}"
        if bool(missing.any()):
            return f"{_count(missing)} should be {name} and {_is(missing)} not."
    if bool((pair.got.isinf() & pair.wrong).any()) and not pair.got.is_complex():
        return "An infinity has the wrong sign."
    return None


_CAUSES = {
    "nan": "0/0, inf - inf, or the root or logarithm of a negative number?",
    "infinite": "a division by 0, the logarithm of 0, or an overflow?",
}


def _share(extra: Tensor, pair: Pair, name: str) -> str:
    if bool(extra.all()):
        return f"Yours is {name} everywhere" if pair.count > 1 else f"Yours is {name}"
    if pair.count > 1 and int(extra.sum()) == int(pair.wrong.sum()) > 1:
        return f"Every wrong value is {name}"
    return f"{_count(extra)} {_is(extra)} {name}"


def _count(mask: Tensor) -> str:
    count = int(mask.sum())
    return "One value" if count == 1 else f"{count} values"


def _is(mask: Tensor) -> str:
    return "is" if int(mask.sum()) == 1 else "are"


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
    return _run(where, size, *pair.names(dim))


def by_share(pair: Pair) -> str | None:
    """At most half of the rows, columns or slices hold wrong values."""
    found = _narrowest(pair)
    if found is None or len(pair.sizes) == 1 or int(pair.wrong.sum()) == 1:
        return None
    dim, where = found
    if len(where) * 2 > pair.sizes[dim]:
        return None
    _, many, along = pair.names(dim)
    return f"All errors lie in {len(where)} of {pair.sizes[dim]} {many}{along}."


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


def _run(where: list[int], size: int, one: str, many: str, along: str) -> str | None:
    """A sentence for places that lie in one block, or at equal steps."""
    first, last, count = where[0], where[-1], len(where)
    if count == 1:
        if first not in (0, size - 1):
            return f"Only {one} {first} of {size}{along} is wrong."
        return f"Only the {'first' if first == 0 else 'last'} of {size} {many}{along} is wrong."
    if last - first + 1 == count:
        if last == size - 1:
            return f"Only the last {count} of {size} {many}{along} are wrong."
        if first == 0:
            return f"Only the first {count} of {size} {many}{along} are wrong."
        joined = "and" if count == _FEW else "to"
        return f"Only {many} {first} {joined} {last} of {size}{along} are wrong."
    step = where[1] - first
    if count > _FEW and where == list(range(first, size, step)) and first < step:
        return f"Only every {words.ordinal(step)} {one}{along} is wrong, from {one} {first} on."
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
    if len(hit) == len(parts) or int(wrong.sum()) * _FEW < sum(int(part.sum()) for part, _ in hit):
        return None
    text = " or ".join(text for _, text in hit)
    if text == "above or below":
        return "Everything is wrong but the diagonal."
    return f"Only values {text} the diagonal are wrong."


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
            return f"Every wrong value should be {missed}."
        return None
    for mask, text in (
        (pair.expected < 0, "negative"),
        (pair.expected > 0, "positive"),
        (pair.expected == 0, "0"),
    ):
        if torch.equal(mask, pair.wrong):
            return f"All values that should be {text} are wrong, and no others."
    return None
