"""What is drawn of a class: states by exercise, points by learner, shares of budgets."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any, Final

from torchkata.i18n import _
from torchkata.instructor.feedback.page_parts import word
from torchkata.instructor.gradebook.csv_export import MISSING
from torchkata.report import text as units
from torchkata.report.html import svg
from torchkata.report.html.svg import Picture

ORDER: Final = ("passed", "unmeasurable", "failed", "error", "timeout", "todo", MISSING)
"""States from left to right: what is good first, what is not there last."""
_COLORS: Final = {
    "passed": svg.PASSED,
    "unmeasurable": svg.UNMEASURABLE,
    "failed": svg.FAILED,
    "error": svg.ERROR,
    "timeout": svg.TIMEOUT,
    "todo": svg.TODO,
    MISSING: svg.GRID,
}
_WIDTH: Final = 316  # pixels, as in a learner's report
_BROAD: Final = 380
_ROW: Final = 36
_FOOT: Final = 26
_TALL: Final = 200
_MOST_BINS: Final = 13
_LONGEST: Final = 28  # characters of a name
_FARTHEST: Final = 100.0  # a share beyond so many times the budget, or so small a part, is cut
_FEW: Final = 4  # answers up to which each has a dot of its own


@dataclass(frozen=True, kw_only=True)
class Five:
    """A spread in five numbers.

    Attributes:
        count: how many there are.
    """

    count: int
    least: float
    lower: float
    middle: float
    upper: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Five:
        """The five numbers of one value or more."""
        quarters = quantiles(values, n=4, method="inclusive") if len(values) > 1 else None
        lower, upper = (quarters[0], quarters[2]) if quarters else (values[0], values[0])
        return cls(
            count=len(values),
            least=min(values),
            lower=lower,
            middle=median(values),
            upper=upper,
            most=max(values),
        )


@svg.style()
def states(rows: Sequence[tuple[str, Mapping[str, int]]], *, name: str, title: str) -> Picture:
    """Draw a bar per exercise, its states side by side, as shares of the class.

    Args:
        rows: name and count by state of each exercise.
        name: unlike that of any other picture on the page.
        title: what is counted.
    """
    height = _ROW * len(rows) + 4
    figure, axes = svg.blank(_WIDTH, height)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows), 0)
    axes.set_axis_off()
    for row, (who, counted) in enumerate(rows):
        total = max(1, sum(counted.values()))
        svg.write(axes, 0, row + 0.42, _cut(who))
        passed = f"{counted.get('passed', 0)} / {total}"
        svg.write(axes, 1, row + 0.42, passed, ha="right", color=svg.MUTED)
        left = 0.0
        for state in ORDER:
            if share := counted.get(state, 0) / total:
                gap = min(0.004, share / 3)
                axes.barh(row + 0.72, share - gap, 0.34, left=left, color=_COLORS[state])
                left += share
    words = "; ".join(f"{who}: {_counted(counted)}" for who, counted in rows)
    return svg.finished(figure, name=name, title=title, words=words)


@svg.style()
def points(values: Sequence[float], possible: float, *, name: str, title: str) -> Picture:
    """Draw how many learners have how many points.

    Args:
        values: a sum for each learner.
        possible: the highest that there can be.
        name: unlike that of any other picture on the page.
        title: what is counted.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator  # noqa: PLC0415

    figure, axes = svg.blank(_BROAD, _TALL)
    axes.set_position((0.09, 0.14, 0.88, 0.82))
    bars = bins(values, possible)
    step = bars[0][1] - bars[0][0]
    axes.bar(
        [low + step / 2 for low, _unused, _unused in bars],
        [count for _unused, _unused, count in bars],
        step * 0.88,
        color=svg.REFERENCE,
    )
    axes.set_xlim(0, bars[-1][1])
    axes.set_ylim(0, max(count for _unused, _unused, count in bars) * 1.08 or 1)
    axes.xaxis.set_major_locator(
        FixedLocator([low for low, _unused, _unused in bars] + [bars[-1][1]])
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _unused: f"{value:g}"))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.grid(axis="y", color=svg.GRID, linewidth=1)
    words = _(
        "The median is {middle:g} of {possible:g} points; the least is {least:g}, the most "
        "{most:g}.",
        middle=median(values),
        possible=possible,
        least=min(values),
        most=max(values),
    )
    return svg.finished(figure, name=name, title=title, words=words)


def bins(values: Sequence[float], possible: float) -> list[tuple[float, float, int]]:
    """Start, end and count of each stretch of points; an end belongs to the next, but the last."""
    wide = next(
        step
        for power in range(-2, 9)
        for step in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
        if possible / step <= _MOST_BINS
    )
    count = max(1, math.ceil(possible / wide))
    places = Counter(min(int(value / wide + 1e-9), count - 1) for value in values)
    return [(at * wide, (at + 1) * wide, places[at]) for at in range(count)]


@svg.style()
def spent(rows: Sequence[tuple[str, Sequence[float]]], *, name: str, title: str) -> Picture:
    """Draw what answers cost, as shares of what they may, on a log axis; the line is the budget.

    A thin line goes from the least to the most, a thick one from quarter to quarter; the dot is the
    middle. Few answers have a dot each.

    Args:
        rows: name and shares of each exercise.
        name: unlike that of any other picture on the page.
        title: what is compared.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator  # noqa: PLC0415

    height = _ROW * len(rows) + _FOOT
    figure, axes = svg.blank(_WIDTH, height)
    axes.set_position((0, _FOOT / height, 1, 1 - _FOOT / height))
    low, high = _limits([share for _unused, shares in rows for share in shares])
    axes.set_xscale("log")
    axes.set_xlim(low / 1.15, high * 1.15)
    axes.set_ylim(len(rows), 0)
    ticks = [10.0**power for power in range(-2, 3) if low <= 10.0**power <= high]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _unused: quantities.ratio(value)))
    axes.yaxis.set_visible(False)
    axes.grid(axis="x", color=svg.GRID, linewidth=1)
    axes.axvline(1, color=svg.MUTED, linewidth=2, linestyle=(0, (4, 3)))
    beside = axes.get_yaxis_transform()
    for row, (who, shares) in enumerate(rows):
        svg.write(axes, 0, row + 0.42, _cut(who), transform=beside)
        inside = [min(max(share, low), high) for share in shares]
        five, line = Five.of(inside), row + 0.72
        color = svg.YOURS
        if five.count <= _FEW:
            axes.plot(inside, [line] * five.count, "o", color=color, markersize=7)
            continue
        axes.plot([five.least, five.most], [line] * 2, color=color, linewidth=1.5)
        axes.plot(
            [five.lower, five.upper], [line] * 2, color=color, linewidth=7, solid_capstyle="butt"
        )
        axes.plot(
            [five.middle], [line], "o", color=color, markerfacecolor=svg.SURFACE, markersize=8,
            markeredgewidth=2,
        )  # fmt: skip
    words = "; ".join(f"{who}: {_spread(Five.of(shares))}" for who, shares in rows)
    return svg.finished(figure, name=name, title=title, words=words)


def _spread(five: Five) -> str:
    return _(
        "{least} to {most}, in the middle {middle}",
        least=quantities.ratio(five.least),
        most=quantities.ratio(five.most),
        middle=quantities.ratio(five.middle),
    )


def _counted(counted: Mapping[str, int]) -> str:
    found = [(state, counted[state]) for state in ORDER if counted.get(state)]
    return ", ".join(_("{count} {state}", count=count, state=word(state)) for state, count in found)


def _limits(shares: Sequence[float]) -> tuple[float, float]:
    """From the least to the most, the budget itself and its tenth or its tenfold included."""
    low, high = min([*shares, 0.1]), max([*shares, 10.0])
    return max(low, 1 / _FARTHEST), min(high, _FARTHEST)


def _cut(text: str) -> Any:
    text = units.plain(text).replace("\n", " ")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
