"""The pattern of a constant factor, and the mistakes that cause common factors."""

from __future__ import annotations

import math
from typing import Final

import torch

from torchkata.grading.compare import describe
from torchkata.grading.compare.mismatch import Mismatch, PatternMatch
from torchkata.i18n import EMPTY, Message, _, join

_MAX_INTEGER: Final = 1000  # larger integer factors are unlikely to be a mistake
_MAX_RATIO: Final = 100  # n / (n - 1) is distinguished from its neighbors up to this n
_PRECISION: Final = 2e-5  # relative: how close a factor must be to a named one
_MIN_CHANGE: Final = 1e-2  # of a factor without a name
_FEW: Final = 2


def constant_factor(mismatch: Mismatch) -> PatternMatch | None:
    """Match a result that is the expected one times a constant factor, possibly -1."""
    usable = mismatch.expected.isfinite() & (mismatch.expected != 0)
    expected, got = mismatch.expected[usable], mismatch.got[usable]
    if expected.numel() == 0 or mismatch.dtype is torch.bool:
        return None
    # The median: a single wild value, or a fill, must not determine the factor.
    ratio = float((got / expected).real.median())
    if not math.isfinite(ratio) or ratio == 0:
        return None
    if not mismatch.close(mismatch.got, mismatch.expected * ratio):
        return None
    single = mismatch.count == 1
    if abs(ratio + 1) < _PRECISION:
        message = _("The sign is flipped." if single else "The sign of every value is flipped.")
        return PatternMatch("flipped-sign", message)
    factor, cause = _named_factor(ratio, single=single)
    if not factor:
        if expected.numel() < _FEW or abs(ratio - 1) < _MIN_CHANGE:
            return None  # any two numbers have some ratio, and one close to 1 means lost digits
        factor = str(describe.number(ratio))
    message = _(
        "Your value is {factor} times the expected value."
        if single
        else "Every value is {factor} times the expected value.",
        factor=factor,
    )
    return PatternMatch("constant-factor", join(message, cause))


def _named_factor(ratio: float, *, single: bool) -> tuple[str, Message]:
    """Return the exact form of a factor and its likely cause; both empty if there is none.

    Args:
        ratio: the factor.
        single: whether it comes from a single value, which some n / (n - 1) matches by chance.
    """
    sign, size = ("-" if ratio < 0 else ""), abs(ratio)
    if size == 1 or not 1 / _MAX_INTEGER < size < _MAX_INTEGER:
        return "", EMPTY  # also keeps 1 / size and its square in the range of a float
    up = size > 1
    above_one = size if up else 1 / size
    if 1 < round(above_one) < _MAX_INTEGER and _near(above_one, round(above_one)):
        integer = f"{round(above_one)}"
        if up:
            return sign + integer, _("Is something counted more than once, or is a mean expected?")
        return f"{sign}1/{integer}", _(
            "Is a sum expected instead of a mean, or is there an extra division?"
        )
    n = round(1 / (above_one - 1)) + 1  # of n / (n - 1)
    if not single and 1 < n <= _MAX_RATIO and _near(above_one, n / (n - 1)):
        fraction = f"{n}/{n - 1}" if up else f"{n - 1}/{n}"
        return sign + fraction, _("Check whether to divide by n or by n - 1 (`correction`).")
    square = above_one**2
    if 1 < round(square) <= _MAX_RATIO and _near(square, round(square)):
        root = f"sqrt({round(square)})"
        return sign + (root if up else f"1/{root}"), _("Check the square root in a scale factor.")
    return "", EMPTY


def _near(value: float, target: float) -> bool:
    return abs(value - target) <= _PRECISION * target
