"""Patterns in the positions of the wrong values, and patterns of nan and infinity.

Each takes a mismatch and returns None if the pattern does not match.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from torchkata.grading.compare.axis_names import Slices
from torchkata.grading.compare.mismatch import Mismatch, PatternMatch
from torchkata.i18n import Message, _, verbatim

_FEW: Final = 2
_SEVERAL: Final = 3


def not_finite(mismatch: Mismatch) -> PatternMatch | None:
    """Match nan or infinity in only one of the two tensors, and infinities of the wrong sign."""
    got, expected, wrong = mismatch.got, mismatch.expected, mismatch.wrong
    for test in (torch.isnan, torch.isinf):
        code = "nan" if test is torch.isnan else "infinite"
        name = verbatim("nan") if test is torch.isnan else _("infinite")
        extra = test(got) & ~test(expected) & wrong
        missing = test(expected) & ~test(got) & wrong
        if bool(extra.any()):
            return PatternMatch(code, _how_many(extra, mismatch, name))
        if bool(missing.any()):
            count = int(missing.sum())
            message = _(
                "1 value should be {name} but is not."
                if count == 1
                else "{count} values should be {name} but are not.",
                count=count,
                name=name,
            )
            return PatternMatch(f"not-{code}", message)
    if bool((got.isinf() & wrong).any()) and not got.is_complex():
        return PatternMatch("wrong-infinity", _("An infinity has the wrong sign."))
    return None


def _how_many(extra: Tensor, mismatch: Mismatch, name: Message) -> Message:
    if bool(extra.all()):
        return _(
            "Your result is {name}."
            if mismatch.count == 1
            else "Your result is {name} everywhere.",
            name=name,
        )
    count = int(extra.sum())
    if count == int(mismatch.wrong.sum()) > 1:
        return _("Every wrong value is {name}.", name=name)
    return _(
        "1 value is {name}." if count == 1 else "{count} values are {name}.", count=count, name=name
    )


def block_or_stride(mismatch: Mismatch) -> Message | None:
    """Match errors in one block of rows, columns or slices, or in every n-th of them."""
    narrowest = _narrowest(mismatch)
    if narrowest is None:
        return None
    dim, indices = narrowest
    size = mismatch.sizes[dim]
    if size < _SEVERAL or len(indices) * 2 > size:
        return None  # most of them are wrong: where they are says little
    first_or_last = len(mismatch.sizes) == 1 and indices[0] in (0, size - 1)
    if int(mismatch.wrong.sum()) == 1 and not first_or_last:
        return None  # the message names its index already
    return _block_or_stride(indices, mismatch.slices(dim))


def few_slices(mismatch: Mismatch) -> Message | None:
    """Match errors in at most half of the rows, columns or slices."""
    narrowest = _narrowest(mismatch)
    if narrowest is None or len(mismatch.sizes) == 1 or int(mismatch.wrong.sum()) == 1:
        return None
    dim, indices = narrowest
    if len(indices) * 2 > mismatch.sizes[dim]:
        return None
    return _(
        "All errors are in {count} of {slices}.",
        count=len(indices),
        slices=mismatch.slices(dim).counted(),
    )


def _narrowest(mismatch: Mismatch) -> tuple[int, list[int]] | None:
    """Return the dim along which the smallest share of slices has errors, and their indices.

    None if every slice along every dim has errors.
    """
    best: tuple[float, int, list[int]] | None = None
    for dim, size in enumerate(mismatch.sizes):
        others = [other for other in range(len(mismatch.sizes)) if other != dim]
        affected = mismatch.wrong.any(others) if others else mismatch.wrong  # (size,)
        indices = affected.nonzero().reshape(-1)
        share = indices.numel() / size
        if indices.numel() < size and (best is None or share < best[0]):
            best = (share, dim, indices.tolist())
    return best and best[1:]


def _block_or_stride(indices: list[int], slices: Slices) -> Message | None:
    """Return a sentence for indices that form a block or have equal distances."""
    first, last, count, size = indices[0], indices[-1], len(indices), slices.size
    if count == 1:
        if first not in (0, size - 1):
            name = slices.one(first)
            return _("Only {slice} of {size} is wrong.", slice=name, size=slices.total)
        return _(
            "Only the first of {slices} is wrong."
            if first == 0
            else "Only the last of {slices} is wrong.",
            slices=slices.counted(),
        )
    if last - first + 1 == count:
        if first == 0 or last == size - 1:
            return _(
                "Only the last {count} of {slices} are wrong."
                if last == size - 1
                else "Only the first {count} of {slices} are wrong.",
                count=count,
                slices=slices.counted(),
            )
        names = slices.two(first, last) if count == _FEW else slices.range(first, last)
        return _("Only {slices} of {size} are wrong.", slices=names, size=slices.total)
    step = indices[1] - first
    if count > _FEW and indices == list(range(first, size, step)) and first < step:
        return _(
            "Only {slices} is wrong, starting with {first}.",
            slices=slices.every(step),
            first=slices.one(first),
        )
    return None


def relative_to_diagonal(mismatch: Mismatch) -> Message | None:
    """Match errors only on, above or below the diagonal of the last two dims."""
    sizes = mismatch.sizes
    if len(sizes) < _FEW or min(sizes[-2:]) < _SEVERAL or int(mismatch.wrong.sum()) < _FEW:
        return None
    wrong = mismatch.wrong.reshape(-1, *sizes[-2:]).any(0)
    on = torch.eye(*wrong.shape, dtype=torch.bool)
    upper = torch.ones_like(wrong, dtype=torch.bool).triu()  # with the diagonal
    parts = {"on": on, "above": ~on & upper, "below": ~on & ~upper}
    affected = [name for name, part in parts.items() if bool((wrong & part).any())]
    total = sum(int(parts[name].sum()) for name in affected)
    if len(affected) == len(parts) or int(wrong.sum()) * _FEW < total:
        return None
    return {
        "on": _("Only values on the diagonal are wrong."),
        "above": _("Only values above the diagonal are wrong."),
        "below": _("Only values below the diagonal are wrong."),
        "on or above": _("Only values on or above the diagonal are wrong."),
        "on or below": _("Only values on or below the diagonal are wrong."),
        "above or below": _("Everything except the diagonal is wrong."),
    }[" or ".join(affected)]


def by_expected_value(mismatch: Mismatch) -> Message | None:
    """Match errors in exactly the values that should be negative, positive, 0, True or False."""
    expected, wrong = mismatch.expected, mismatch.wrong
    if mismatch.got.is_complex() or bool(wrong.all()) or int(wrong.sum()) < _FEW:
        return None
    if mismatch.dtype is torch.bool:
        should_be = bool(expected[wrong][0])
        if bool((expected[wrong] == expected[wrong][0]).all()):
            return _("Every wrong value should be {value}.", value=str(should_be))
        return None
    for mask, message in (
        (expected < 0, _("All values that should be negative are wrong, and no others.")),
        (expected > 0, _("All values that should be positive are wrong, and no others.")),
        (expected == 0, _("All values that should be 0 are wrong, and no others.")),
    ):
        if torch.equal(mask, wrong):
            return message
    return None
