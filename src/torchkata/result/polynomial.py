"""Counts as polynomials of sizes: interpolated with fractions, and written like `2n + 1`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm, prod
from typing import Final

POINTS: Final = (8, 12, 16, 20)
"""Sizes at which a count is measured to find its degree; one more than the largest degree needs."""
MOST_DEGREE: Final = len(POINTS) - 2
CHECKS: Final = ((28, 9, 13, 24, 11), (11, 24, 28, 9, 13), (9, 13, 11, 28, 24))
"""Sizes at which a polynomial is confirmed, per letter; none is in `POINTS`, some are odd."""

Measure = Callable[[Mapping[str, int]], int | None]
"""Returns a count at sizes; None if there is none, for example because they do not fit."""


@dataclass(frozen=True)
class Polynomial:
    """A polynomial of sizes with rational coefficients.

    Attributes:
        letters: the sizes, in order.
        terms: exponents, in the order of the letters, to coefficients that are not 0.
    """

    letters: tuple[str, ...]
    terms: Mapping[tuple[int, ...], Fraction]

    def __call__(self, sizes: Mapping[str, float]) -> Fraction:
        """Return the value at sizes."""
        return sum(
            (
                factor
                * prod(Fraction(sizes[x]) ** e for x, e in zip(self.letters, powers, strict=True))
                for powers, factor in self.terms.items()
            ),
            Fraction(0),
        )

    def __str__(self) -> str:
        """The polynomial as text, such as `2n + 1`, `4·n·m` or `(3n² + 3n)/2`."""
        ordered = sorted(
            self.terms.items(), key=lambda term: (-sum(term[0]), *(-e for e in term[0]))
        )
        divisor = lcm(*(factor.denominator for _powers, factor in ordered), 1)
        text = ""
        for powers, factor in ordered:
            size = _term(abs(factor * divisor), powers, self.letters)
            sign = "-" if factor < 0 else "+"
            text = f"{text} {sign} {size}" if text else ("-" * (factor < 0)) + size
        if divisor == 1:
            return text or "0"
        return f"({text})/{divisor}" if len(ordered) > 1 else f"{text}/{divisor}"


def _term(factor: Fraction, powers: Sequence[int], letters: Sequence[str]) -> str:
    parts = [
        letter if power == 1 else f"{letter}{_superscript(power)}"
        for letter, power in zip(letters, powers, strict=True)
        if power
    ]
    number = int(factor)
    if not parts:
        return f"{number:,}"
    if number == 1:
        return "·".join(parts)
    if len(parts) == 1 and len(letters[0]) == 1 and number < 1000:  # noqa: PLR2004 - short enough
        return f"{number}{parts[0]}"
    return "·".join([f"{number:,}", *parts])


def _superscript(power: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(power))


def interpolate(
    letters: Sequence[str], measure: Measure, known: Sequence[tuple[Mapping[str, int], int]] = ()
) -> Polynomial | None:
    """Return the polynomial that a count is; None if it is none, or of a high degree.

    The count is measured at small sizes, and the result is confirmed at sizes that were not used.

    Args:
        letters: the sizes to vary.
        measure: measures the count.
        known: sizes and counts that were measured before, and must agree.
    """
    base = dict.fromkeys(letters, POINTS[0])
    degrees = []
    for letter in letters:
        counts = [measure({**base, letter: size}) for size in POINTS]
        if any(count is None for count in counts):
            return None
        line = coefficients(POINTS, [Fraction(count or 0) for count in counts])
        degree = max((power for power, factor in enumerate(line) if factor), default=0)
        if degree > MOST_DEGREE:
            return None
        degrees.append(degree)
    grid = [POINTS[: degree + 1] for degree in degrees]
    values: dict[tuple[int, ...], Fraction] = {}
    for point in product(*grid):
        count = measure(dict(zip(letters, point, strict=True)))
        if count is None:
            return None
        values[point] = Fraction(count)
    terms = dict(_terms(grid, values))
    found = Polynomial(tuple(letters), terms)
    return found if _confirmed(found, measure, known) else None


def _confirmed(
    found: Polynomial, measure: Measure, known: Sequence[tuple[Mapping[str, int], int]]
) -> bool:
    """Return whether a polynomial holds at sizes that were not used, at two points or more."""
    confirmed = 0
    for sizes, count in known:
        if found(sizes) != count:
            return False
    for row in CHECKS if found.letters else ():
        sizes = {letter: row[n % len(row)] for n, letter in enumerate(found.letters)}
        checked = measure(sizes)
        if checked is None:  # sizes that do not fit, such as odd ones
            sizes = {letter: 4 * size for letter, size in sizes.items()}
            checked = measure(sizes)
        if checked is None:
            continue
        if found(sizes) != checked:
            return False
        confirmed += 1
    return confirmed > 1 or not found.letters


def _terms(
    grid: Sequence[Sequence[int]], values: Mapping[tuple[int, ...], Fraction]
) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Yield the exponents and coefficients of the polynomial through all points of a grid."""
    table = dict(values)
    for axis, sizes in enumerate(grid):
        others = {(*point[:axis], *point[axis + 1 :]) for point in table}
        after: dict[tuple[int, ...], Fraction] = {}
        for other in others:
            line = [table[*other[:axis], size, *other[axis:]] for size in sizes]
            for power, factor in enumerate(coefficients(sizes, line)):
                after[*other[:axis], power, *other[axis:]] = factor
        table = after
    yield from ((powers, factor) for powers, factor in table.items() if factor)


def coefficients(xs: Sequence[int], ys: Sequence[Fraction]) -> list[Fraction]:
    """Return the coefficients of the polynomial through points, the constant first (Newton)."""
    differences = list(ys)
    for level in range(1, len(xs)):
        for n in range(len(xs) - 1, level - 1, -1):
            step = Fraction(xs[n] - xs[n - level])
            differences[n] = (differences[n] - differences[n - 1]) / step
    result = [Fraction(0)] * len(xs)
    for n in range(len(xs) - 1, -1, -1):
        shifted = [Fraction(0), *result[:-1]]
        result = [moved - xs[n] * kept for moved, kept in zip(shifted, result, strict=True)]
        result[0] += differences[n]
    return result
