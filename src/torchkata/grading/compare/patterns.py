"""Explain how a wrong answer is wrong: the first pattern that holds, the most telling first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from torchkata.grading.compare import factors, locations, permutations, transforms
from torchkata.grading.compare.pair import Pair
from torchkata.i18n import join

Pattern = Callable[[Pair], str | None]

WHOLE: Final[tuple[Pattern, ...]] = (
    transforms.all_zero,
    transforms.constant,
    transforms.inverted,
    factors.factor,
    transforms.offset,
    transforms.transformed,
    permutations.transposed,
    permutations.flipped,
    permutations.shifted,
    permutations.cumulated,
    transforms.clamped,
    transforms.wrapped,
    permutations.permuted,
)
"""Patterns that account for every value; one of them is the whole story."""

HOW: Final[tuple[Pattern, ...]] = (locations.not_finite, transforms.one_off)
"""Patterns in what the wrong values are."""

WHERE: Final[tuple[Pattern, ...]] = (
    locations.by_diagonal,
    locations.by_position,
    locations.by_value,
    locations.by_share,
)
"""Patterns in where the wrong values lie."""


def explain(pair: Pair) -> str:
    """One sentence, or two, on the pattern of the errors; empty where there is none."""
    # Just beyond the tolerance, half the patterns would seem to hold.
    near = pair.agree(pair.got, pair.expected)
    whole = (None if near else first(WHOLE, pair)) or transforms.low_precision(pair)
    if whole:
        return whole
    return join(first(HOW, pair) or "", first(WHERE, pair) or "")


def first(patterns: tuple[Pattern, ...], pair: Pair) -> str | None:
    """What the first pattern that holds says."""
    return next((text for pattern in patterns if (text := pattern(pair))), None)
