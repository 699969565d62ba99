"""Patterns that hold for every value: the answer is a simple function of the expected one.

Each takes a pair and returns a sentence, or None where it does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from torchkata.compare import words
from torchkata.compare.pair import Pair

_MOST_CLEAN = 1000  # whole factors above this are hardly anyone's slip
_MOST_RATIO = 100  # n / (n - 1) is told apart from its neighbours up to here
_CLEAN = 2e-5  # relative: how near a factor must lie to a whole number
_PLAIN = 1e-2  # a factor without a clean name must change at least this much
_FEW = 2


def all_zero(pair: Pair) -> str | None:
    """Zeros came, everywhere."""
    if pair.count < _FEW or bool(pair.got.any()):
        return None
    return "Yours is 0 everywhere: was the result ever written to?"


def constant(pair: Pair) -> str | None:
    """One value came everywhere, where several were expected."""
    if pair.count < _FEW or pair.got.is_complex():
        return None
    first = pair.got.reshape(-1)[0]
    if not bool((pair.got == first).all()) or pair.agree(
        pair.expected, pair.expected.reshape(-1)[:1].expand(pair.sizes)
    ):
        return None
    return f"Yours is {words.number(float(first))} everywhere."


def inverted(pair: Pair) -> str | None:
    """True and False are swapped."""
    if pair.dtype is not torch.bool or not pair.agree(pair.got, 1 - pair.expected):
        return None
    return "True and False are swapped: is the mask meant the other way round?"


def factor(pair: Pair) -> str | None:
    """A constant factor, -1 included."""
    usable = pair.expected.isfinite() & (pair.expected != 0)
    expected, got = pair.expected[usable], pair.got[usable]
    if expected.numel() == 0 or pair.dtype is torch.bool:
        return None
    # The middle ratio: one wild value, or a fill, must not set the factor.
    ratios = (got / expected).real
    ratio = float(ratios.median())
    if not math.isfinite(ratio) or ratio == 0 or not pair.agree(pair.got, pair.expected * ratio):
        return None
    if abs(ratio + 1) < _CLEAN:
        return "The sign is flipped" + (" everywhere." if pair.count > 1 else ".")
    everywhere = " everywhere" if pair.count > 1 else ""
    name, cause = _named_factor(ratio, alone=pair.count == 1)
    if not name:
        if expected.numel() < _FEW or abs(ratio - 1) < _PLAIN:
            return None  # any two numbers have some ratio; near 1 it tells of lost digits
        name = words.number(ratio)
    text = f"Yours is {name} x the expected{everywhere}"
    return f"{text}: {cause}" if cause else f"{text}."


def _named_factor(ratio: float, *, alone: bool) -> tuple[str, str]:
    """A clean name for a factor and a likely cause, both empty where there is none.

    Args:
        ratio: the factor.
        alone: whether it comes from one value only: some n / (n - 1) then fits by chance.
    """
    sign, size = ("-" if ratio < 0 else ""), abs(ratio)
    up = size > 1
    whole = size if up else 1 / size
    if 1 < round(whole) < _MOST_CLEAN and _near(whole, round(whole)):
        cause = "is something counted more than once, or was a mean meant?"
        if not up:
            cause = "a mean where a sum was meant, or one division too many?"
        return sign + (f"{round(whole)}" if up else f"1/{round(whole)}"), cause
    over = round(1 / (whole - 1)) + 1  # n of n / (n - 1)
    if not alone and 1 < over <= _MOST_RATIO and _near(whole, over / (over - 1)):
        name = f"{over}/{over - 1}" if up else f"{over - 1}/{over}"
        return sign + name, "divided by n, or by n - 1 (`correction`)?"
    square = whole**2
    if 1 < round(square) <= _MOST_RATIO and _near(square, round(square)):
        name = f"sqrt({round(square)})"
        return sign + (name if up else f"1/{name}"), "is a scaling by a square root off?"
    return "", ""


def _near(value: float, target: float) -> bool:
    return abs(value - target) <= _CLEAN * target


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
    way = "more" if amount > 0 else "less"
    return f"Yours is {words.number(abs(amount))} {way} than expected everywhere."


_TRANSFORMS: Final[tuple[tuple[Callable[[Tensor], Tensor], str], ...]] = (
    (torch.square, "the square of the expected: is a square root missing?"),
    (torch.sqrt, "the square root of the expected: is there one too many?"),
    (torch.log, "the logarithm of the expected: is an `exp` missing?"),
    (torch.exp, "the exponential of the expected: is a `log` missing?"),
    (torch.reciprocal, "1 divided by the expected: are the two sides of `/` swapped?"),
    (torch.abs, "the expected without its sign: an `abs` too many?"),
    (lambda x: x.clamp(min=0), "the expected with 0 for all negative values: a clamp too many?"),
    (torch.round, "the expected, rounded to whole numbers: is there an integer dtype on the way?"),
    (torch.trunc, "the expected without its fraction: an integer dtype, or `//`, on the way?"),
    (torch.floor, "the expected, rounded down: is there a `//` on the way?"),
)


def transformed(pair: Pair) -> str | None:
    """An elementary function too many or too few."""
    if pair.got.is_complex() or pair.dtype is torch.bool:
        return None
    for function, words_for_it in _TRANSFORMS:
        image = function(pair.expected)
        # An image that hardly moves, or that is nan throughout, says nothing.
        if bool(image.isfinite().any()) and pair.agree(pair.got, image):
            return f"Yours is {words_for_it}"
    return None


def clamped(pair: Pair) -> str | None:
    """All values beyond a bound were cut to it."""
    if pair.got.is_complex() or int(pair.wrong.sum()) < _FEW or bool(pair.wrong.all()):
        return None
    if not bool(pair.got.isfinite().all()):
        return None
    low, high = float(pair.got.min()), float(pair.got.max())
    if pair.agree(pair.got, pair.expected.clamp(max=high)):
        return f"Yours stops at {words.number(high)}: is there a clamp, or too small a dtype?"
    if pair.agree(pair.got, pair.expected.clamp(min=low)):
        return f"Yours starts at {words.number(low)}: is there a clamp, or an unsigned dtype?"
    return None


def wrapped(pair: Pair) -> str | None:
    """Whole numbers that overflowed a narrow dtype."""
    if pair.dtype.is_floating_point or pair.got.is_complex() or pair.dtype is torch.bool:
        return None
    error = (pair.got - pair.expected)[pair.wrong]
    for bits in (32, 16, 8):
        if not bool(error.remainder(2.0**bits).any()):
            return f"The errors are multiples of 2**{bits}: did a dtype of {bits} bits overflow?"
    return None


def one_off(pair: Pair) -> str | None:
    """Whole numbers, each wrong one by exactly 1."""
    if pair.dtype.is_floating_point or pair.got.is_complex() or pair.dtype is torch.bool:
        return None
    error = (pair.got - pair.expected)[pair.wrong]
    amount = float(error[0])
    if error.numel() < _FEW or abs(amount) != 1 or not bool((error == amount).all()):
        return None
    way = "large" if amount > 0 else "small"
    return f"Each wrong value is exactly 1 too {way}: `<` or `<=`, counting from 0 or from 1?"


def low_precision(pair: Pair) -> str | None:
    """Small errors everywhere, as a narrower dtype on the way leaves them."""
    if not (pair.dtype.is_floating_point or pair.dtype.is_complex):
        return None
    finite = pair.expected.isfinite() & (pair.expected != 0)
    if not bool(pair.got[finite].isfinite().all()) or not bool(finite.any()):
        return None
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
    if share > (1e-6 if double else coarsest) or int(pair.wrong.sum()) * 4 < pair.count:
        return None
    digits = max(1, math.floor(-math.log10(max(share, float(own.median()), 1e-17))))
    if double:
        cause = "is there a float32 on the way?"
    elif share < fine:
        cause = "is there a sum that loses digits, or TF32, on the way?"
    elif share > 2e-3:  # noqa: PLR2004 - float16 and TF32 have 3 digits, bfloat16 has 2
        cause = "is there a lower precision (bfloat16 or float16) on the way?"
    else:
        cause = "is there a lower precision (float16, bfloat16 or TF32) on the way?"
    everywhere = " everywhere" if pair.count > 1 else ""
    plural = "digit" if digits == 1 else "digits"
    return f"Yours is right to about {digits} {plural}{everywhere}: {cause}"
