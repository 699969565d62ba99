"""The charts of the page: costs on a log axis, ops by name, growth over size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from torchkata.i18n import EMPTY, Message, Translator, _, join, quantities
from torchkata.i18n.lists import comma_list, semicolon_list
from torchkata.i18n.op_names import spelling
from torchkata.report import labels
from torchkata.report.html import svg
from torchkata.report.html.log_axis import Formatter, log_limits, log_ticks, tick_formatter
from torchkata.report.html.svg import Chart
from torchkata.report.text import shorten
from torchkata.result import GrowthCurve

_WIDTH: Final = 316  # pixels; on a phone a little less
_ROW: Final = 40
_FOOT: Final = 26
_MAX_NAME: Final = 30  # characters
_OP_ROW: Final = 32
_MOST_OPS: Final = 6
_LINEAR: Final = 30  # counts up to here are drawn on a linear axis
_GROWTH_HEIGHT: Final = 230


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One cost.

    Attributes:
        who: The label beside it.
        value: The cost, not negative.
        color: A color of `svg`.
    """

    who: str
    value: float
    color: str


def color_of(who: str) -> str:
    """Return the color of a contender, the same on the whole page."""
    return {"yours": svg.YOURS, "reference": svg.REFERENCE}.get(who, svg.BASELINE)


@svg.default_style()
def costs(
    bars: Sequence[Bar], form: Formatter, translate: Translator, *, name: str, title: str
) -> Chart:
    """Draw costs below each other on one log axis; shorter is better.

    Args:
        bars: Two or more, at least one of them above zero.
        form: Formats a value with its unit.
        translate: The translator of the exercise.
        name: The id of the chart, unique on the page.
        title: What is compared.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator  # noqa: PLC0415

    height = _ROW * len(bars) + _FOOT
    figure, axes = svg.new_figure(_WIDTH, height)
    axes.set_position((0, _FOOT / height, 1, 1 - _FOOT / height))
    low, high = log_limits([bar.value for bar in bars])
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(len(bars), 0)
    axes.xaxis.set_major_locator(FixedLocator(log_ticks(low, high, form)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(tick_formatter(form)))
    axes.yaxis.set_visible(False)
    axes.grid(axis="x", color=svg.GRID, linewidth=1)
    beside = axes.get_yaxis_transform()  # x: share of the width; y: rows
    for row, bar in enumerate(bars):
        end, y = max(bar.value, low), row + 0.72
        svg.draw_text(axes, 0, row + 0.46, shorten(bar.who, _MAX_NAME), transform=beside)
        weight = "bold" if bar.color == svg.YOURS else "normal"
        svg.draw_text(
            axes, 1, row + 0.46, form(bar.value), transform=beside, ha="right", fontweight=weight
        )
        axes.plot([low, end], [y, y], color=bar.color, linewidth=3, solid_capstyle="round")
        hollow = bar.value < low
        axes.plot(
            [end],
            [y],
            "o",
            color=bar.color,
            markerfacecolor=svg.SURFACE if hollow else bar.color,
            markersize=9,
            markeredgewidth=2,
            clip_on=False,
        )
    listed = comma_list([f"{bar.who} {form(bar.value)}" for bar in bars])
    description = translate(_("On a logarithmic axis: {costs}.", costs=listed))
    return svg.to_svg(figure, name=name, title=title, description=description)


@svg.default_style()
def histogram(
    rows: Sequence[tuple[str, int, int]], translate: Translator, *, name: str, title: str
) -> Chart:
    """Draw how often each op was dispatched, the submission's count above the reference's.

    Args:
        rows: From `largest_ops`.
        translate: The translator of the exercise.
        name: The id of the chart, unique on the page.
        title: What is compared.
    """
    height = _OP_ROW * len(rows) + 4
    figure, axes = svg.new_figure(_WIDTH, height)
    axes.set_position((0, 0, 1, 1))
    most = _most(rows)
    linear = is_linear(rows)
    if not linear:
        axes.set_xscale("log")
    start = 0 if linear else 0.6
    axes.set_xlim(start, most * 1.02)
    axes.set_ylim(len(rows), 0)
    axes.set_axis_off()
    beside = axes.get_yaxis_transform()
    for row, (op, mine, theirs) in enumerate(rows):
        svg.draw_text(axes, 0, row + 0.38, shorten(op, _MAX_NAME), transform=beside)
        counts = f"{quantities.count(mine)} : {quantities.count(theirs)}"
        svg.draw_text(axes, 1, row + 0.38, counts, transform=beside, ha="right")
        for count, color, y in (
            (mine, svg.YOURS, row + 0.63),
            (theirs, svg.REFERENCE, row + 0.81),
        ):
            if count:
                axes.plot([start, count], [y, y], color=color, linewidth=4, solid_capstyle="butt")
    listed = semicolon_list(
        [
            _("{op}: {yours} to {reference}", op=op, yours=mine, reference=theirs)
            for op, mine, theirs in rows
        ]
    )
    scale = EMPTY if linear else _("The bars are on a logarithmic scale.")
    description = join(_("Counts, yours to the reference: {counts}.", counts=listed), scale)
    return svg.to_svg(figure, name=name, title=title, description=translate(description))


def is_linear(rows: Sequence[tuple[str, int, int]]) -> bool:
    """Return whether a histogram of these rows has a linear axis."""
    return _most(rows) <= _LINEAR


def _most(rows: Sequence[tuple[str, int, int]]) -> int:
    return max(max(mine, theirs) for _op, mine, theirs in rows)


def largest_ops(
    yours: dict[str, int], reference: dict[str, int], translate: Translator
) -> list[tuple[str, int, int]]:
    """Return name and both counts of the most frequent ops, with all others in the last row."""
    ranked = sorted(
        yours.keys() | reference.keys(),
        key=lambda op: (-max(yours.get(op, 0), reference.get(op, 0)), op),
    )
    most = len(ranked) if len(ranked) == _MOST_OPS + 1 else _MOST_OPS
    shown, others = ranked[:most], ranked[most:]
    rows = [(spelling(op), yours.get(op, 0), reference.get(op, 0)) for op in shown]
    if others:
        mine, theirs = (sum(table.get(op, 0) for op in others) for table in (yours, reference))
        rows.append((translate(_("all others")), mine, theirs))
    return rows


@svg.default_style()
def growth(
    curves: Sequence[GrowthCurve],
    form: Formatter,
    translate: Translator,
    *,
    name: str,
    title: str,
) -> Chart:
    """Draw cost over size on log axes, with the fitted power laws and the steepest allowed one.

    Args:
        curves: One per contender, all of one budget.
        form: Formats a cost with its unit.
        translate: The translator of the exercise.
        name: The id of the chart, unique on the page.
        title: What is compared.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator  # noqa: PLC0415

    figure, axes = svg.new_figure(_WIDTH, _GROWTH_HEIGHT)
    axes.set_position((0.2, 0.18, 0.78, 0.78))
    sizes = sorted({size for curve in curves for size, _cost in curve.points})
    low, high = log_limits([max(cost, 1.0) for curve in curves for _size, cost in curve.points])
    axes.set(xscale="log", yscale="log", xlim=(sizes[0] / 1.15, sizes[-1] * 1.15), ylim=(low, high))
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    axes.yaxis.set_major_locator(FixedLocator(log_ticks(low, high, form)))
    axes.yaxis.set_major_formatter(FuncFormatter(tick_formatter(form)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(color=svg.GRID, linewidth=1)
    axes.set_xlabel(curves[0].over, color=svg.MUTED, fontsize=12, parse_math=False, labelpad=2)
    _draw_power_law(
        axes, curves[0], curves[0].exponent_allowed, svg.MUTED, sizes, dashes=(0, (5, 4))
    )
    for curve in sorted(curves, key=lambda curve: curve.who == "yours"):
        color = color_of(curve.who)
        _draw_power_law(axes, curve, curve.exponent, color, sizes)
        xs, ys = zip(*((size, max(cost, 1.0)) for size, cost in curve.points), strict=True)
        inside = color if curve.who == "yours" else svg.SURFACE
        axes.plot(xs, ys, "o", color=color, markerfacecolor=inside, markersize=8, markeredgewidth=2)
    description = translate(join(*map(_exponent_sentence, curves)))
    return svg.to_svg(figure, name=name, title=title, description=description)


def _exponent_sentence(curve: GrowthCurve) -> Message:
    return _(
        "{who}: grows like {over}^{exponent:.2f} (95%: {low:.2f} to {high:.2f}), limit "
        "{over}^{allowed:g}.",
        who=labels.contender(curve.who),
        over=curve.over,
        exponent=curve.exponent,
        low=curve.exponent_low,
        high=curve.exponent_high,
        allowed=curve.exponent_allowed,
    )


def _draw_power_law(
    axes: Any,
    curve: GrowthCurve,
    slope: float,
    color: str,
    sizes: Sequence[float],
    dashes: Any = "-",
) -> None:
    """Draw a power law: a fitted one through the center of the points, else through the first."""
    logs = [(math.log(size), math.log(max(cost, 1.0))) for size, cost in curve.points]
    fitted = slope == curve.exponent
    x, y = (sum(part) / len(logs) for part in zip(*logs, strict=True)) if fitted else logs[0]
    ends = [sizes[0] / 1.1, sizes[-1] * 1.1]
    heights = [math.exp(y + slope * (math.log(size) - x)) for size in ends]
    axes.plot(ends, heights, color=color, linewidth=1.5 if dashes != "-" else 2, linestyle=dashes)
