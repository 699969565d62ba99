"""Patterns of wrong values: the first that matches, the most specific first.

A pattern states what the values show. Why they do is for `grading.explain` to say, which looks at
the code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from torchkata.grading.compare import factors, locations, permutations, precision, transforms
from torchkata.grading.compare.mismatch import Mismatch, PatternMatch
from torchkata.i18n import EMPTY, Message, join

Pattern = Callable[[Mismatch], PatternMatch | None]

_PLAIN: Final[tuple[Pattern, ...]] = (
    transforms.all_zero,
    transforms.constant,
    transforms.inverted,
    permutations.transposed,
)
"""Patterns that account for every value and need few values to be certain."""

_WHOLE: Final[tuple[Pattern, ...]] = (
    factors.constant_factor,
    transforms.offset,
    transforms.elementary_function,
    permutations.reversed_order,
    permutations.shifted,
    permutations.cumsum_slip,
    transforms.clamped,
    permutations.permuted,
)
"""Patterns that account for every value, if enough different ones are expected."""

_KINDS: Final[tuple[Pattern, ...]] = (
    locations.not_finite,
    transforms.off_by_one,
    transforms.overflowed,
)
"""Patterns in the wrong values themselves."""

_LOCATIONS: Final[tuple[Callable[[Mismatch], Message | None], ...]] = (
    locations.relative_to_diagonal,
    locations.block_or_stride,
    locations.by_expected_value,
    locations.few_slices,
)
"""Patterns in the positions of the wrong values."""


def find_pattern(mismatch: Mismatch) -> PatternMatch:
    """Return the pattern of the wrong values; `wrong-values` without a message if there is none."""
    # Half of the patterns would match values that are just outside the tolerance.
    if not mismatch.close(mismatch.got, mismatch.expected):
        related = (*_PLAIN, *_WHOLE) if mismatch.has_evidence else _PLAIN
        if whole := _first(related, mismatch):
            return whole
    if mismatch.has_evidence and (rounding := precision.low_precision(mismatch)):
        return rounding
    kind = _first(_KINDS, mismatch) or PatternMatch("wrong-values", EMPTY)
    location = next((text for find in _LOCATIONS if (text := find(mismatch))), EMPTY)
    return PatternMatch(kind.code, join(kind.message, location))


def _first(patterns: tuple[Pattern, ...], mismatch: Mismatch) -> PatternMatch | None:
    return next((match for pattern in patterns if (match := pattern(mismatch))), None)
