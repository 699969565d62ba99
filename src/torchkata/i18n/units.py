"""Figures with the units that messages and reports share."""

from __future__ import annotations

import math

from torchkata.i18n.messages import say

_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


def size(value: float) -> str:
    """Write a number of bytes: `0 B`, `20.0 KiB`, `4.0 MiB`."""
    if not math.isfinite(value):
        return say("unknown")
    if abs(value) < 1024:  # noqa: PLR2004 - bytes to a KiB
        return f"{value:.0f} B"
    for power, unit in enumerate(_SIZES[1:], start=1):
        scaled = value / 1024**power
        if abs(scaled) < 1023.95 or unit == _SIZES[-1]:  # noqa: PLR2004 - rounds to 1,024.0
            return f"{scaled:,.1f} {unit}"
    raise AssertionError  # the last unit takes every value
