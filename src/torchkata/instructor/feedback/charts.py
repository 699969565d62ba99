"""Charts of a class: states by exercise, points by learner, shares of budgets."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from torchkata.i18n import Message, Translator, _, comma_list, quantities, semicolon_list
from torchkata.instructor.feedback.page_parts import state_label
from torchkata.instructor.gradebook.csv_export import MISSING
from torchkata.report import labels
from torchkata.report.html import svg
from torchkata.report.html.svg import Chart
from torchkata.report.text import shorten

STATE_ORDER: Final = ("passed", "unmeasurable", "failed", "error", "timeout", "todo", MISSING)
"""The states from left to right, from the best to the missing."""

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
_HISTOGRAM_WIDTH: Final = 380
_HISTOGRAM_HEIGHT: Final = 200
_ROW: Final = 36
_FOOT: Final = 26
_MOST_BINS: Final = 13
_MAX_NAME: Final = 28  # characters
_MAX_SHARE: Final = 100.0  # of the budget; larger shares, and those below 1/100, are cut off
_FEW: Final = 4  # submissions up to which each has its own dot


@dataclass(frozen=True, kw_only=True)
class FiveNumberSummary:
    """The five-number summary of a distribution, with the number of values."""

    count: int
    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> FiveNumberSummary:
        """Return the summary of one value or more."""
        cuts = quantiles(values, n=4, method="inclusive") if len(values) > 1 else None
        lower, upper = (cuts[0], cuts[2]) if cuts else (values[0], values[0])
        return cls(
            count=len(values),
            minimum=min(values),
            lower_quartile=lower,
            median=median(values),
            upper_quartile=upper,
            maximum=max(values),
        )


@svg.default_style()
def state_bars(
    rows: Sequence[tuple[str, Mapping[str, int]]],
    translate: Translator,
    *,
    name: str,
    title: str,
) -> Chart:
    """Draw a bar per exercise with the share of the class in each state.

    Args:
        rows: Name of each exercise, with the number of learners in each state.
        translate: The translator of the page.
        name: The id of the chart, unique on the page.
        title: What is counted.
    """
    height = _ROW * len(rows) + 4
    figure, axes = svg.new_figure(_WIDTH, height)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows), 0)
    axes.set_axis_off()
    for row, (exercise, counts) in enumerate(rows):
        total = max(1, sum(counts.values()))
        svg.draw_text(axes, 0, row + 0.42, shorten(exercise, _MAX_NAME))
        passed = f"{counts.get('passed', 0)} / {total}"
        svg.draw_text(axes, 1, row + 0.42, passed, ha="right", color=svg.MUTED)
        left = 0.0
        for state in STATE_ORDER:
            if share := counts.get(state, 0) / total:
                gap = min(0.004, share / 3)
                axes.barh(row + 0.72, share - gap, 0.34, left=left, color=_COLORS[state])
                left += share
    description = semicolon_list(
        [_("{name}: {text}", name=exercise, text=_counts(counts)) for exercise, counts in rows]
    )
    return svg.to_svg(figure, name=name, title=title, description=translate(description))


@svg.default_style()
def points_histogram(
    totals: Sequence[float], possible: float, translate: Translator, *, name: str, title: str
) -> Chart:
    """Draw how many learners have how many points.

    Args:
        totals: The points of each learner.
        possible: The most points.
        translate: The translator of the page.
        name: The id of the chart, unique on the page.
        title: What is counted.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator  # noqa: PLC0415

    figure, axes = svg.new_figure(_HISTOGRAM_WIDTH, _HISTOGRAM_HEIGHT)
    axes.set_position((0.09, 0.14, 0.88, 0.82))
    bins = points_bins(totals, possible)
    starts, counts = [bin_[0] for bin_ in bins], [bin_[2] for bin_ in bins]
    end, width = bins[-1][1], bins[0][1] - bins[0][0]
    centers = [start + width / 2 for start in starts]
    axes.bar(centers, counts, width * 0.88, color=svg.REFERENCE)
    axes.set_xlim(0, end)
    axes.set_ylim(0, max(counts) * 1.08 or 1)
    axes.xaxis.set_major_locator(FixedLocator([*starts, end]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: labels.points(value)))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.grid(axis="y", color=svg.GRID, linewidth=1)
    description = _(
        "Median {median:g} of {possible:g} points, minimum {minimum:g}, maximum {maximum:g}.",
        median=median(totals),
        possible=possible,
        minimum=min(totals),
        maximum=max(totals),
    )
    return svg.to_svg(figure, name=name, title=title, description=translate(description))


def points_bins(totals: Sequence[float], possible: float) -> list[tuple[float, float, int]]:
    """Return start, end and count of each bin; only the last bin includes its end."""
    width = next(
        step
        for power in range(-2, 9)
        for step in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
        if possible / step <= _MOST_BINS
    )
    count = max(1, math.ceil(possible / width))
    counts = Counter(min(int(total / width + 1e-9), count - 1) for total in totals)
    return [(at * width, (at + 1) * width, counts[at]) for at in range(count)]


@svg.default_style()
def budget_chart(
    rows: Sequence[tuple[str, Sequence[float]]], translate: Translator, *, name: str, title: str
) -> Chart:
    """Draw shares of a budget on a log axis; a dashed line marks the budget.

    A thin line spans all submissions of an exercise, a thick one the middle half, and a ring marks
    the median. If there are few submissions, each has its own dot.

    Args:
        rows: Name and shares of each exercise.
        translate: The translator of the page.
        name: The id of the chart, unique on the page.
        title: What is compared.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator  # noqa: PLC0415

    height = _ROW * len(rows) + _FOOT
    figure, axes = svg.new_figure(_WIDTH, height)
    axes.set_position((0, _FOOT / height, 1, 1 - _FOOT / height))
    low, high = _limits([share for _exercise, shares in rows for share in shares])
    axes.set_xscale("log")
    axes.set_xlim(low / 1.15, high * 1.15)
    axes.set_ylim(len(rows), 0)
    ticks = [10.0**power for power in range(-2, 3) if low <= 10.0**power <= high]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: quantities.ratio(value)))
    axes.yaxis.set_visible(False)
    axes.grid(axis="x", color=svg.GRID, linewidth=1)
    axes.axvline(1, color=svg.MUTED, linewidth=2, linestyle=(0, (4, 3)))
    left_edge = axes.get_yaxis_transform()
    for row, (exercise, shares) in enumerate(rows):
        label = shorten(exercise, _MAX_NAME)
        svg.draw_text(axes, 0, row + 0.42, label, transform=left_edge)
        visible = [min(max(share, low), high) for share in shares]
        five, y, color = FiveNumberSummary.of(visible), row + 0.72, svg.YOURS
        if five.count <= _FEW:
            axes.plot(visible, [y] * five.count, "o", color=color, markersize=7)
            continue
        axes.plot([five.minimum, five.maximum], [y] * 2, color=color, linewidth=1.5)
        axes.plot(
            [five.lower_quartile, five.upper_quartile], [y] * 2, color=color, linewidth=7,
            solid_capstyle="butt",
        )  # fmt: skip
        axes.plot(
            [five.median], [y], "o", color=color, markerfacecolor=svg.SURFACE, markersize=8,
            markeredgewidth=2,
        )  # fmt: skip
    description = semicolon_list(
        [
            _("{name}: {text}", name=exercise, text=_range(FiveNumberSummary.of(shares)))
            for exercise, shares in rows
        ]
    )
    return svg.to_svg(figure, name=name, title=title, description=translate(description))


def _range(five: FiveNumberSummary) -> Message:
    return _(
        "{minimum} to {maximum}, median {median}",
        minimum=quantities.ratio(five.minimum),
        maximum=quantities.ratio(five.maximum),
        median=quantities.ratio(five.median),
    )


def _counts(counts: Mapping[str, int]) -> Message:
    return comma_list(
        [
            _("{count} {state}", count=counts[state], state=state_label(state))
            for state in STATE_ORDER
            if counts.get(state)
        ]
    )


def _limits(shares: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the axis, which include a tenth of the budget and ten times of it."""
    low, high = min([*shares, 0.1]), max([*shares, 10.0])
    return max(low, 1 / _MAX_SHARE), min(high, _MAX_SHARE)
