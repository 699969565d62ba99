"""Explain how a wrong answer is wrong: the first pattern that holds, the most telling first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from torchkata.compare import factors, moves, places, relations
from torchkata.compare.pair import Pair
from torchkata.messages import sentences

Pattern = Callable[[Pair], str | None]

WHOLE: Final[tuple[Pattern, ...]] = (
    relations.all_zero,
    relations.constant,
    relations.inverted,
    factors.factor,
    relations.offset,
    relations.transformed,
    moves.transposed,
    moves.flipped,
    moves.shifted,
    moves.cumulated,
    relations.clamped,
    relations.wrapped,
    moves.permuted,
)
"""Patterns that account for every value; one of them is the whole story."""

HOW: Final[tuple[Pattern, ...]] = (places.not_finite, relations.one_off)
"""Patterns in what the wrong values are."""

WHERE: Final[tuple[Pattern, ...]] = (
    places.by_diagonal,
    places.by_position,
    places.by_value,
    places.by_share,
)
"""Patterns in where the wrong values lie."""


def explain(pair: Pair) -> str:
    """One sentence, or two, on the pattern of the errors; empty where there is none."""
    # Just beyond the tolerance, half the patterns would seem to hold.
    near = pair.agree(pair.got, pair.expected)
    whole = (None if near else first(WHOLE, pair)) or relations.low_precision(pair)
    if whole:
        return whole
    return sentences(first(HOW, pair) or "", first(WHERE, pair) or "")


def first(patterns: tuple[Pattern, ...], pair: Pair) -> str | None:
    """What the first pattern that holds says."""
    return next((text for pattern in patterns if (text := pattern(pair))), None)
