"""The pattern of a constant factor, in an exact form if it has one."""

from __future__ import annotations

import math
from typing import Final

import torch

from torchkata.grading.compare import describe
from torchkata.grading.compare.mismatch import Mismatch, PatternMatch
from torchkata.i18n import _

_MAX_INTEGER: Final = 1000  # larger integer factors are unlikely to be a mistake
_MAX_RATIO: Final = 100  # n / (n - 1) is distinguished from its neighbors up to this n
_PRECISION: Final = 2e-5  # relative: how close a factor must be to a named one
_MIN_CHANGE: Final = 1e-2  # of a factor without a name


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
    if abs(ratio + 1) < _PRECISION:
        return PatternMatch("flipped-sign", _("The sign of every value is flipped."))
    factor = _named_factor(ratio)
    if not factor:
        if abs(ratio - 1) < _MIN_CHANGE:
            return None  # lost digits look like a factor close to 1
        factor = str(describe.number(ratio))
    message = _("Every value is {factor} times the expected value.", factor=factor)
    return PatternMatch("constant-factor", message)


def _named_factor(ratio: float) -> str:
    """Return the exact form of a factor, such as `10/9`; empty if it has none."""
    sign, size = ("-" if ratio < 0 else ""), abs(ratio)
    if size == 1 or not 1 / _MAX_INTEGER < size < _MAX_INTEGER:
        return ""  # also keeps 1 / size and its square in the range of a float
    up = size > 1
    above_one = size if up else 1 / size
    if 1 < round(above_one) < _MAX_INTEGER and _near(above_one, round(above_one)):
        return sign + (f"{round(above_one)}" if up else f"1/{round(above_one)}")
    n = round(1 / (above_one - 1)) + 1  # of n / (n - 1)
    if 1 < n <= _MAX_RATIO and _near(above_one, n / (n - 1)):
        return sign + (f"{n}/{n - 1}" if up else f"{n - 1}/{n}")
    square = above_one**2
    if 1 < round(square) <= _MAX_RATIO and _near(square, round(square)):
        return sign + (f"sqrt({round(square)})" if up else f"1/sqrt({round(square)})")
    return ""


def _near(value: float, target: float) -> bool:
    return abs(value - target) <= _PRECISION * target
