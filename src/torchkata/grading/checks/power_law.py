"""Fit a power law to the cost at a few sizes: its exponent says how the cost grows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

# two-sided 95% quantiles of Student's t for 1 to 8 degrees of freedom
_T95: Final = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306)
_FEWEST: Final = 3


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """A fitted power law, cost = constant * size**exponent.

    Attributes:
        exponent: slope of log cost over log size, by least squares.
        low: lower end of its 95% interval.
        high: upper end.
    """

    exponent: float
    low: float
    high: float


def fit(sizes: Sequence[float], costs: Sequence[float]) -> PowerLaw:
    """Fit the exponent of growth by least squares.

    Args:
        sizes: at least three different sizes, all positive.
        costs: one per size; anything below 1 (no op, no byte) counts as 1.

    Raises:
        ValueError: there are too few sizes for an interval.
    """
    if len(set(sizes)) < _FEWEST or len(sizes) != len(costs) or min(sizes) <= 0:
        raise ValueError("expected three or more different, positive sizes and a cost for each")
    xs = [math.log(size) for size in sizes]
    ys = [math.log(max(cost, 1.0)) for cost in costs]
    x_mean, y_mean = fmean(xs), fmean(ys)
    spread = sum((x - x_mean) ** 2 for x in xs)
    slope = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / spread
    residual = sum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in zip(xs, ys, strict=True))
    free = len(xs) - 2
    error = math.sqrt(residual / free / spread)
    half = _T95[min(free, len(_T95)) - 1] * error
    return PowerLaw(exponent=slope, low=slope - half, high=slope + half)
