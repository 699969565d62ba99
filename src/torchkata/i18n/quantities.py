"""Numbers with the units that messages and reports share."""

from __future__ import annotations

import math
from typing import Final

UNKNOWN: Final = "?"
_SIZES: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_MOST_COUNT: Final = 1e15
_TIMES: Final = (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0))


def size(value: float) -> str:
    """Format a number of bytes: `0 B`, `20.0 KiB`, `4.0 MiB`."""
    if not math.isfinite(value):
        return UNKNOWN
    if abs(value) < 1024:  # noqa: PLR2004 - bytes to a KiB
        return f"{value:.0f} B"
    for power, unit in enumerate(_SIZES[1:], start=1):
        scaled = value / 1024**power
        if abs(scaled) < 1023.95 or unit == _SIZES[-1]:  # noqa: PLR2004 - rounds to 1,024.0
            return f"{scaled:,.1f} {unit}"
    raise AssertionError  # the last unit takes every value


def seconds(value: float) -> str:
    """Format a time in the unit that suits it: `6.2 us`, `1.2 ms`, `34 s`."""
    if not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0 s"
    for unit, scale in _TIMES:
        if abs(value) / scale < 999.5 or unit == "s":  # noqa: PLR2004 - rounds to 1,000
            return f"{_short(value / scale)} {unit}"
    raise AssertionError  # the last unit takes every value


def count(value: float) -> str:
    """Format a count with thousands separators: `1,001`; other numbers get four digits."""
    if not math.isfinite(value):
        return UNKNOWN
    if abs(value) >= _MOST_COUNT:  # no count any more, and each digit would be written out
        return f"{value:.4g}"
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.4g}"  # noqa: PLR2004 - four digits


def ratio(value: float) -> str:
    """Format a ratio: `412x`, `1.3x`, `0.02x`."""
    if not math.isfinite(value):
        return UNKNOWN
    if value != 0 and abs(value) < 0.95:  # noqa: PLR2004 - below, one decimal says too little
        return f"{value:.2g}x"
    return f"{_short(value)}x"


def _short(value: float) -> str:
    """Round to what a reader compares: one decimal below ten, none from there on."""
    return f"{value:.1f}" if abs(value) < 9.95 else f"{value:,.0f}"  # noqa: PLR2004 - rounds to 10
