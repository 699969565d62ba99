"""Patterns that hold for every value: the answer is a simple function of the expected one.

Each takes a pair and returns a sentence, or None where it does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from torchkata.grading.compare import describe
from torchkata.grading.compare.pair import Pair
from torchkata.i18n import _

_FEW = 2
_ONE_ROUNDING = 5e-3  # a single bfloat16, with room


def all_zero(pair: Pair) -> str | None:
    """Zeros came, everywhere."""
    if pair.count < _FEW or bool(pair.got.any()):
        return None
    return _("Yours is 0 everywhere: was the result ever written to?")


def constant(pair: Pair) -> str | None:
    """One value came everywhere, where several were expected."""
    if pair.count < _FEW or pair.got.is_complex():
        return None
    first = pair.got.reshape(-1)[0]
    if not bool((pair.got == first).all()) or pair.agree(
        pair.expected, pair.expected.reshape(-1)[:1].expand(pair.sizes)
    ):
        return None
    return _("Yours is {value} everywhere.", value=describe.number(float(first)))


def inverted(pair: Pair) -> str | None:
    """True and False are swapped."""
    if pair.dtype is not torch.bool or not pair.agree(pair.got, 1 - pair.expected):
        return None
    return _("True and False are swapped: is the mask meant the other way round?")


def offset(pair: Pair) -> str | None:
    """The same amount added everywhere."""
    usable = pair.expected.isfinite() & pair.got.isfinite()
    if int(usable.sum()) < _FEW or pair.got.is_complex() or pair.dtype is torch.bool:
        return None
    amount = float((pair.got - pair.expected)[usable].median())
    if amount == 0 or not pair.agree(pair.got, pair.expected + amount):
        return None
    # Where values tower over the amount, it may be lost in their rounding.
    if not pair.agree(pair.got - pair.expected, torch.full_like(pair.got, amount)):
        return None
    return _(
        "Yours is {amount} more than expected everywhere."
        if amount > 0
        else "Yours is {amount} less than expected everywhere.",
        amount=describe.number(abs(amount)),
    )


def _transforms() -> Iterator[tuple[Callable[[Tensor], Tensor], str]]:
    """Elementary functions, and what an answer is told that is one of the expected."""
    yield torch.square, _("Yours is the square of the expected: is a square root missing?")
    yield torch.sqrt, _("Yours is the square root of the expected: is there one too many?")
    yield torch.log, _("Yours is the logarithm of the expected: is an `exp` missing?")
    yield torch.exp, _("Yours is the exponential of the expected: is a `log` missing?")
    yield (
        torch.reciprocal,
        _("Yours is 1 divided by the expected: are the two sides of `/` swapped?"),
    )
    yield torch.abs, _("Yours is the expected without its sign: an `abs` too many?")
    yield (
        lambda x: x.clamp(min=0),
        _("Yours is the expected with 0 for all negative values: a clamp too many?"),
    )
    yield (
        torch.round,
        _("Yours is the expected, rounded to whole numbers: is there an integer dtype on the way?"),
    )
    yield (
        torch.trunc,
        _("Yours is the expected without its fraction: an integer dtype, or `//`, on the way?"),
    )
    yield (
        torch.floor,
        _("Yours is the expected, rounded down: is there a `//` on the way?"),
    )


def transformed(pair: Pair) -> str | None:
    """An elementary function too many or too few."""
    if pair.got.is_complex() or pair.dtype is torch.bool:
        return None
    if pair.count == 1 and float(pair.got.abs().max()) in (0.0, 1.0):
        return None  # 0 and 1 are the image of too much
    for function, told in _transforms():
        image = function(pair.expected)
        # An image that hardly moves, or that is nan throughout, says nothing.
        if bool(image.isfinite().any()) and pair.agree(pair.got, image):
            return told
    return None


def clamped(pair: Pair) -> str | None:
    """All values beyond a bound were cut to it."""
    if pair.got.is_complex() or int(pair.wrong.sum()) < _FEW or bool(pair.wrong.all()):
        return None
    if not bool(pair.got.isfinite().all()):
        return None
    low, high = float(pair.got.min()), float(pair.got.max())
    if pair.agree(pair.got, pair.expected.clamp(max=high)):
        return _(
            "Yours stops at {bound}: is there a clamp, or too small a dtype?",
            bound=describe.number(high),
        )
    if pair.agree(pair.got, pair.expected.clamp(min=low)):
        return _(
            "Yours starts at {bound}: is there a clamp, or an unsigned dtype?",
            bound=describe.number(low),
        )
    return None


def wrapped(pair: Pair) -> str | None:
    """Whole numbers that overflowed a narrow dtype."""
    if pair.dtype.is_floating_point or pair.got.is_complex() or pair.dtype is torch.bool:
        return None
    error = (pair.got - pair.expected)[pair.wrong]
    for bits in (32, 16, 8):
        if not bool(error.remainder(2.0**bits).any()):
            return _(
                "The errors are multiples of 2**{bits}: did a dtype of {bits} bits overflow?",
                bits=bits,
            )
    return None


def one_off(pair: Pair) -> str | None:
    """Whole numbers, each wrong one by exactly 1."""
    if pair.dtype.is_floating_point or pair.got.is_complex() or pair.dtype is torch.bool:
        return None
    error = (pair.got - pair.expected)[pair.wrong]
    amount = float(error[0])
    if error.numel() < _FEW or abs(amount) != 1 or not bool((error == amount).all()):
        return None
    return _(
        "Each wrong value is exactly 1 too large: `<` or `<=`, counting from 0 or from 1?"
        if amount > 0
        else "Each wrong value is exactly 1 too small: `<` or `<=`, counting from 0 or from 1?"
    )


def low_precision(pair: Pair) -> str | None:
    """Small errors everywhere, as a narrower dtype on the way leaves them."""
    if not (pair.dtype.is_floating_point or pair.dtype.is_complex):
        return None
    finite = pair.expected.isfinite() & (pair.expected != 0)
    if not bool(pair.got[finite].isfinite().all()) or not bool(finite.any()):
        return None
    if bool((pair.wrong & ~pair.expected.isfinite()).any()):
        return None  # nor is a nan where an infinity belongs
    if bool((pair.wrong & (pair.expected == 0)).any()):
        return None  # a value where nothing belongs is no loss of digits
    size = pair.expected[finite].abs()
    error = (pair.got - pair.expected)[finite].abs()
    own = error / size
    # Against the larger of value and typical size: a value near 0 has no digits of its own.
    share = float((error / torch.maximum(size, size.median())).max())
    coarsest = 2e-2
    fine = 1e-4
    double = pair.dtype.to_real() is torch.float64
    if pair.count == 1:
        coarsest = _ONE_ROUNDING  # one number may come as near as that by chance
    if share > (1e-6 if double else coarsest) or int(pair.wrong.sum()) * 4 < pair.count:
        return None
    digits = max(1, math.floor(-math.log10(max(share, float(own.median()), 1e-17))))
    if double:
        cause = _("is there a float32 on the way?")
    elif share < fine:
        cause = _("is there a sum that loses digits, or TF32, on the way?")
    elif share > 2e-3:  # noqa: PLR2004 - float16 and TF32 have 3 digits, bfloat16 has 2
        cause = _("is there a lower precision (bfloat16 or float16) on the way?")
    else:
        cause = _("is there a lower precision (float16, bfloat16 or TF32) on the way?")
    told = _("about 1 digit" if digits == 1 else "about {count} digits", count=digits)
    return _(
        "Yours is right to {digits} everywhere: {cause}"
        if pair.count > 1
        else "Yours is right to {digits}: {cause}",
        digits=told,
        cause=cause,
    )
