"""Limits and ticks of logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from torchkata.i18n import quantities

Formatter = Callable[[float], str]
"""Formats a value with its unit."""

_MIN_SPAN: Final = 10.0  # of an axis, so that a few percent never look like a large gap
_EDGE: Final = 0.06  # of the axis; the label of a tick closer to its end would be cut off
_MOST_TICKS: Final = 5


def log_limits(values: Sequence[float]) -> tuple[float, float]:
    """Return both ends of an axis for the positive values."""
    positive = [value for value in values if value > 0]
    low, high = min(positive), max(positive)
    stretch = max(1.0, math.sqrt(_MIN_SPAN / (high / low)))
    return low / stretch / 1.6, high * stretch * 1.25


def log_ticks(low: float, high: float, form: Formatter) -> list[float]:
    """Return at most five powers of ten, or of two for bytes, at some distance from both ends.

    Args:
        low: The lower end of the axis.
        high: The upper end.
        form: Formats a value of the axis.
    """
    base = 2.0 if form is quantities.size else 10.0
    edge = _EDGE * math.log(high / low, base)
    first, last = math.ceil(math.log(low, base) + edge), math.floor(math.log(high, base) - edge)
    if base > 2 and last - first < 1:  # noqa: PLR2004 - one power of ten alone tells too little
        fine = [m * base**p for p in range(first - 1, last + 2) for m in (1, 2, 5)]
        share = base**edge
        return [tick for tick in fine if low * share <= tick <= high / share]
    step = max(1, math.ceil((last - first + 1) / _MOST_TICKS))
    return [base**power for power in range(first, last + 1, step)]


def tick_formatter(form: Formatter) -> Callable[[float, int], str]:
    """Return a formatter for matplotlib, which omits zeros after the decimal point."""
    return lambda value, _position: form(value).replace(".0 ", " ")
