"""Patterns in which the result is an elementwise function of the expected result.

Each takes a mismatch and returns None if the pattern does not match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import torch
from torch import Tensor

from torchkata.grading.compare import describe
from torchkata.grading.compare.mismatch import Mismatch, PatternMatch
from torchkata.i18n import Message, _

_FEW: Final = 2
_SOME: Final = 3
_MANY: Final = 8


def all_zero(mismatch: Mismatch) -> PatternMatch | None:
    """Match a result that is 0 everywhere."""
    if mismatch.count < _FEW or bool(mismatch.got.any()):
        return None
    return PatternMatch("all-zero", _("Your result is 0 everywhere."))


def constant(mismatch: Mismatch) -> PatternMatch | None:
    """Match a result that has a single value although several different ones are expected."""
    if mismatch.count < _FEW or mismatch.got.is_complex():
        return None
    first = mismatch.got.reshape(-1)[0]
    if not bool((mismatch.got == first).all()) or mismatch.close(
        mismatch.expected, mismatch.expected.reshape(-1)[:1].expand(mismatch.sizes)
    ):
        return None
    value = describe.number(float(first))
    return PatternMatch("constant", _("Your result is {value} everywhere.", value=value))


def inverted(mismatch: Mismatch) -> PatternMatch | None:
    """Match a mask in which True and False are swapped."""
    few = mismatch.count < _MANY
    if few or mismatch.dtype is not torch.bool:
        return None
    if not mismatch.close(mismatch.got, 1 - mismatch.expected):
        return None
    message = _("True and False are swapped.")
    return PatternMatch("inverted-mask", message)


def offset(mismatch: Mismatch) -> PatternMatch | None:
    """Match a result that is off by the same amount everywhere."""
    usable = mismatch.expected.isfinite() & mismatch.got.isfinite()
    if int(usable.sum()) < _FEW or mismatch.got.is_complex() or mismatch.dtype is torch.bool:
        return None
    amount = float((mismatch.got - mismatch.expected)[usable].median())
    if amount == 0 or not mismatch.close(mismatch.got, mismatch.expected + amount):
        return None
    # Rounding hides the amount if the values are much larger.
    if not mismatch.close(mismatch.got - mismatch.expected, torch.full_like(mismatch.got, amount)):
        return None
    message = _(
        "Every value is {amount} larger than expected."
        if amount > 0
        else "Every value is {amount} smaller than expected.",
        amount=describe.number(abs(amount)),
    )
    return PatternMatch("offset", message)


def _functions() -> Iterator[tuple[str, Callable[[Tensor], Tensor], Message]]:
    """Yield elementary functions that a result may have too many or too few of."""
    yield (
        "square",
        torch.square,
        _("Your result is the square of the expected result."),
    )
    yield (
        "square-root",
        torch.sqrt,
        _("Your result is the square root of the expected result."),
    )
    yield (
        "logarithm",
        torch.log,
        _("Your result is the logarithm of the expected result."),
    )
    yield (
        "exponential",
        torch.exp,
        _("Your result is the exponential of the expected result."),
    )
    yield (
        "reciprocal",
        torch.reciprocal,
        _("Your result is 1 divided by the expected result."),
    )
    yield (
        "absolute-value",
        torch.abs,
        _("Your result is the absolute value of the expected result."),
    )
    yield (
        "negatives-zeroed",
        lambda x: x.clamp(min=0),
        _("Your result is 0 wherever a negative value is expected."),
    )
    yield (
        "rounded",
        torch.round,
        _("Your result is the expected result rounded to integers."),
    )
    yield (
        "truncated",
        torch.trunc,
        _("Your result is the expected result without its fractional part."),
    )
    yield (
        "rounded-down",
        torch.floor,
        _("Your result is the expected result rounded down."),
    )


def elementary_function(mismatch: Mismatch) -> PatternMatch | None:
    """Match a result with an elementary function too many or too few."""
    if mismatch.got.is_complex() or mismatch.dtype is torch.bool:
        return None
    for code, function, message in _functions():
        image = function(mismatch.expected)
        # A function that changes hardly anything, or returns only nan, shows nothing.
        if bool(image.isfinite().any()) and mismatch.close(mismatch.got, image):
            return PatternMatch(code, message)
    return None


def clamped(mismatch: Mismatch) -> PatternMatch | None:
    """Match a result in which a bound replaces every value beyond it."""
    wrong = mismatch.wrong
    if mismatch.got.is_complex() or int(wrong.sum()) < _FEW or bool(wrong.all()):
        return None
    if not bool(mismatch.got.isfinite().all()):
        return None
    low, high = float(mismatch.got.min()), float(mismatch.got.max())
    if mismatch.close(mismatch.got, mismatch.expected.clamp(max=high)):
        message = _(
            "No value exceeds {bound}, although larger values are expected.",
            bound=describe.number(high),
        )
        return PatternMatch("clamped", message)
    if mismatch.close(mismatch.got, mismatch.expected.clamp(min=low)):
        message = _(
            "No value is below {bound}, although smaller values are expected.",
            bound=describe.number(low),
        )
        return PatternMatch("clamped", message)
    return None


def overflowed(mismatch: Mismatch) -> PatternMatch | None:
    """Match integers that overflowed a narrow dtype."""
    if not _has_integers(mismatch):
        return None
    error = (mismatch.got - mismatch.expected)[mismatch.wrong]
    if error.numel() < _SOME:
        return None
    for bits in (32, 16, 8):
        if not bool(error.remainder(2.0**bits).any()):
            message = _(
                "The errors are multiples of 2**{bits}, as they are if a dtype with {bits} bits "
                "overflows.",
                bits=bits,
            )
            return PatternMatch("overflow", message)
    return None


def off_by_one(mismatch: Mismatch) -> PatternMatch | None:
    """Match integers that are all wrong by exactly 1, in the same direction."""
    if not _has_integers(mismatch):
        return None
    error = (mismatch.got - mismatch.expected)[mismatch.wrong]
    amount = float(error[0])
    if error.numel() < _SOME or abs(amount) != 1 or not bool((error == amount).all()):
        return None
    message = _(
        "Every wrong value is too large by exactly 1."
        if amount > 0
        else "Every wrong value is too small by exactly 1."
    )
    return PatternMatch("off-by-one", message)


def _has_integers(mismatch: Mismatch) -> bool:
    inexact = mismatch.dtype.is_floating_point or mismatch.got.is_complex()
    return not inexact and mismatch.dtype is not torch.bool
