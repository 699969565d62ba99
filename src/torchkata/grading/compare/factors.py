"""The pattern of a constant factor, and the slips that make the common ones."""

from __future__ import annotations

import math

import torch

from torchkata.grading.compare import describe
from torchkata.grading.compare.pair import Pair
from torchkata.i18n import _

_MOST_CLEAN = 1000  # whole factors above this are hardly anyone's slip
_MOST_RATIO = 100  # n / (n - 1) is told apart from its neighbours up to here
_CLEAN = 2e-5  # relative: how near a factor must lie to a whole number
_PLAIN = 1e-2  # a factor without a clean name must change at least this much
_FEW = 2


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
        return _("The sign is flipped everywhere." if pair.count > 1 else "The sign is flipped.")
    name, cause = _named_factor(ratio, alone=pair.count == 1)
    if not name:
        if expected.numel() < _FEW or abs(ratio - 1) < _PLAIN:
            return None  # any two numbers have some ratio; near 1 it tells of lost digits
        name = describe.number(ratio)
    if not cause:
        return _(
            "Yours is {factor} x the expected everywhere."
            if pair.count > 1
            else "Yours is {factor} x the expected.",
            factor=name,
        )
    return _(
        "Yours is {factor} x the expected everywhere: {cause}"
        if pair.count > 1
        else "Yours is {factor} x the expected: {cause}",
        factor=name,
        cause=cause,
    )


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
        cause = _("is something counted more than once, or was a mean meant?")
        if not up:
            cause = _("a mean where a sum was meant, or one division too many?")
        return sign + (f"{round(whole)}" if up else f"1/{round(whole)}"), cause
    over = round(1 / (whole - 1)) + 1  # n of n / (n - 1)
    if not alone and 1 < over <= _MOST_RATIO and _near(whole, over / (over - 1)):
        name = f"{over}/{over - 1}" if up else f"{over - 1}/{over}"
        return sign + name, _("divided by n, or by n - 1 (`correction`)?")
    square = whole**2
    if 1 < round(square) <= _MOST_RATIO and _near(square, round(square)):
        name = f"sqrt({round(square)})"
        return sign + (name if up else f"1/{name}"), _("is a scaling by a square root off?")
    return "", ""


def _near(value: float, target: float) -> bool:
    return abs(value - target) <= _CLEAN * target
