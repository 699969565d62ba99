"""The tolerance of a comparison, as a spec declares it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """What counts as equal: `|got - expected| <= atol + rtol * |expected|`."""

    rtol: float
    atol: float
