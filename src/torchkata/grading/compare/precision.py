"""The pattern of lost digits: small errors everywhere, as a narrower dtype causes them."""

from __future__ import annotations

import math
from typing import Final

import torch

from torchkata.grading.compare.mismatch import Mismatch, PatternMatch
from torchkata.i18n import Message, _

_MAX_LOSS: Final = 2e-2  # largest relative error; beyond it, digits are not merely lost
_MAX_LOSS_FLOAT64: Final = 1e-6


def low_precision(mismatch: Mismatch) -> PatternMatch | None:
    """Match small errors everywhere, as a narrower dtype in an intermediate step causes them."""
    if not (mismatch.dtype.is_floating_point or mismatch.dtype.is_complex):
        return None
    finite = mismatch.expected.isfinite() & (mismatch.expected != 0)
    if not bool(mismatch.got[finite].isfinite().all()) or not bool(finite.any()):
        return None
    # Rounding explains neither a wrong infinity nor a value where 0 is expected.
    if bool((mismatch.wrong & (~mismatch.expected.isfinite() | (mismatch.expected == 0))).any()):
        return None
    size = mismatch.expected[finite].abs()
    error = (mismatch.got - mismatch.expected)[finite].abs()
    # Relative to the value or the median, whichever is larger: a value near 0 has no digits.
    loss = float((error / torch.maximum(size, size.median())).max())
    double = mismatch.dtype.to_real() is torch.float64
    if loss > (_MAX_LOSS_FLOAT64 if double else _MAX_LOSS):
        return None
    if int(mismatch.wrong.sum()) * 4 < mismatch.count:
        return None
    worst = max(loss, float((error / size).median()), 1e-17)
    return PatternMatch("low-precision", _digits(worst))


def _digits(loss: float) -> Message:
    digits = max(1, math.floor(-math.log10(loss)))
    return _(
        "Your result is correct to only about 1 digit."
        if digits == 1
        else "Your result is correct to only about {count} digits.",
        count=digits,
    )
