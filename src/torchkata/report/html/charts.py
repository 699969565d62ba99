"""What is drawn: a rung's costs on a log axis, ops by name, growth over size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from torchkata.i18n import _
from torchkata.report import labels
from torchkata.report import text as units
from torchkata.report.html import svg
from torchkata.report.html.svg import Picture
from torchkata.result import GrowthCurve

Write = Callable[[float], str]

_WIDTH: Final = 316  # pixels; on a phone a little less
_ROW: Final = 40
_FOOT: Final = 26
_SPAN: Final = 10.0  # the least that an axis spans, so that a few per cent never look like a gulf
_LONGEST: Final = 30  # characters of a name
_OP_ROW: Final = 32
_MOST_OPS: Final = 6
_LINEAR: Final = 30  # counts up to here stand on a plain axis
_TALL: Final = 230
_EDGE: Final = 0.06  # a tick nearer to the edge than this share would be cut off
_MOST_TICKS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One cost.

    Attributes:
        who: as written beside it.
        value: not negative.
        color: one of the canvas's.
    """

    who: str
    value: float
    color: str


def color_of(who: str) -> str:
    """The colour that stands for a contender throughout the page."""
    return {"yours": svg.YOURS, "reference": svg.REFERENCE}.get(who, svg.BASELINE)


@svg.style()
def costs(bars: Sequence[Bar], written: Write, *, name: str, title: str) -> Picture:
    """Draw costs one below the other on one log axis; the shorter the better.

    Args:
        bars: two or more, at least one of them above zero.
        written: a value with its unit.
        name: unlike that of any other picture on the page.
        title: what is compared.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator  # noqa: PLC0415

    height = _ROW * len(bars) + _FOOT
    figure, axes = svg.blank(_WIDTH, height)
    axes.set_position((0, _FOOT / height, 1, 1 - _FOOT / height))
    low, high = _limits([bar.value for bar in bars])
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(len(bars), 0)
    axes.xaxis.set_major_locator(FixedLocator(_ticks(low, high, written)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_short(written)))
    axes.yaxis.set_visible(False)
    axes.grid(axis="x", color=svg.GRID, linewidth=1)
    beside = axes.get_yaxis_transform()  # across: shares of the width; down: rows
    for row, bar in enumerate(bars):
        at, line = max(bar.value, low), row + 0.72
        svg.write(axes, 0, row + 0.46, _cut(bar.who), transform=beside)
        bold = "bold" if bar.color == svg.YOURS else "normal"
        svg.write(
            axes, 1, row + 0.46, written(bar.value), transform=beside, ha="right", fontweight=bold
        )
        axes.plot([low, at], [line, line], color=bar.color, linewidth=3, solid_capstyle="round")
        hollow = bar.value < low
        axes.plot(
            [at],
            [line],
            "o",
            color=bar.color,
            markerfacecolor=svg.SURFACE if hollow else bar.color,
            markersize=9,
            markeredgewidth=2,
            clip_on=False,
        )
    listed = ", ".join(f"{bar.who} {written(bar.value)}" for bar in bars)
    words = _("On a logarithmic axis: {costs}.", costs=listed)
    return svg.finished(figure, name=name, title=title, words=words)


@svg.style()
def histogram(rows: Sequence[tuple[str, int, int]], *, name: str, title: str) -> Picture:
    """Draw how often each op was dispatched, the submission's above the reference's.

    Args:
        rows: from `ops_by_name`.
        name: unlike that of any other picture on the page.
        title: what is compared.
    """
    height = _OP_ROW * len(rows) + 4
    figure, axes = svg.blank(_WIDTH, height)
    axes.set_position((0, 0, 1, 1))
    most = max(max(mine, theirs) for _unused, mine, theirs in rows)
    plain = most <= _LINEAR
    if not plain:
        axes.set_xscale("log")
    start = 0 if plain else 0.6
    axes.set_xlim(start, most * 1.02)
    axes.set_ylim(len(rows), 0)
    axes.set_axis_off()
    beside = axes.get_yaxis_transform()
    for row, (op, mine, theirs) in enumerate(rows):
        svg.write(axes, 0, row + 0.38, _cut(op), transform=beside)
        shares = f"{quantities.count(mine)} : {quantities.count(theirs)}"
        svg.write(axes, 1, row + 0.38, shares, transform=beside, ha="right")
        for count, color, place in (
            (mine, svg.YOURS, row + 0.63),
            (theirs, svg.REFERENCE, row + 0.81),
        ):
            if count:
                axes.plot(
                    [start, count], [place] * 2, color=color, linewidth=4, solid_capstyle="butt"
                )
    parts = (
        _("{op}: {yours} to {reference}", op=op, yours=mine, reference=theirs)
        for op, mine, theirs in rows
    )
    words = _("Yours to the reference's: {counts}.", counts="; ".join(parts))
    if not plain:
        words += " " + _("The bars are on a logarithmic scale.")
    return svg.finished(figure, name=name, title=title, words=words)


def ops_by_name(yours: dict[str, int], reference: dict[str, int]) -> list[tuple[str, int, int]]:
    """Counts by name, those that weigh most first, the rest in one row."""
    ranked = sorted(
        yours.keys() | reference.keys(),
        key=lambda op: (-max(yours.get(op, 0), reference.get(op, 0)), op),
    )
    shown, rest = ranked[:_MOST_OPS], ranked[_MOST_OPS:]
    rows = [(op, yours.get(op, 0), reference.get(op, 0)) for op in shown]
    if rest:
        mine, theirs = (sum(table.get(op, 0) for op in rest) for table in (yours, reference))
        rows.append((_("all others"), mine, theirs))
    return rows


@svg.style()
def growth(curves: Sequence[GrowthCurve], written: Write, *, name: str, title: str) -> Picture:
    """Draw cost over size, both on log axes, with the fitted lines and the steepest allowed.

    Args:
        curves: one per contender, of one budget.
        written: a cost with its unit.
        name: unlike that of any other picture on the page.
        title: what is compared.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator  # noqa: PLC0415

    figure, axes = svg.blank(_WIDTH, _TALL)
    axes.set_position((0.2, 0.18, 0.78, 0.78))
    sizes = sorted({size for curve in curves for size, _unused in curve.points})
    most = [max(cost, 1.0) for curve in curves for _unused, cost in curve.points]
    low, high = _limits(most)
    axes.set(xscale="log", yscale="log", xlim=(sizes[0] / 1.15, sizes[-1] * 1.15), ylim=(low, high))
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _unused: f"{value:g}"))
    axes.yaxis.set_major_locator(FixedLocator(_ticks(low, high, written)))
    axes.yaxis.set_major_formatter(FuncFormatter(_short(written)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(color=svg.GRID, linewidth=1)
    axes.set_xlabel(curves[0].over, color=svg.MUTED, fontsize=12, parse_math=False, labelpad=2)
    _line(axes, curves[0], curves[0].exponent_allowed, svg.MUTED, sizes, dashes=(0, (5, 4)))
    for curve in sorted(curves, key=lambda curve: curve.who == "yours"):
        color = color_of(curve.who)
        _line(axes, curve, curve.exponent, color, sizes)
        xs, ys = zip(*((size, max(cost, 1.0)) for size, cost in curve.points), strict=True)
        inside = color if curve.who == "yours" else svg.SURFACE
        axes.plot(xs, ys, "o", color=color, markerfacecolor=inside, markersize=8, markeredgewidth=2)
    words = " ".join(exponent_words(curve) for curve in curves)
    return svg.finished(figure, name=name, title=title, words=words)


def exponent_words(curve: GrowthCurve) -> str:
    """Say how steep a curve is, how sure that is, and what is allowed."""
    return _(
        "{who} grows like {over}^{exponent:.2f} (95%: {low:.2f} to {high:.2f}); at most "
        "{over}^{allowed:g} is allowed.",
        who=labels.contender(curve.who),
        over=curve.over,
        exponent=curve.exponent,
        low=curve.exponent_low,
        high=curve.exponent_high,
        allowed=curve.exponent_allowed,
    )


def _line(
    axes: Any,
    curve: GrowthCurve,
    slope: float,
    color: str,
    sizes: Sequence[float],
    dashes: Any = "-",
) -> None:
    """Draw a power law: the fitted one through the middle, another through the first point."""
    logs = [(math.log(size), math.log(max(cost, 1.0))) for size, cost in curve.points]
    fitted = slope == curve.exponent
    x, y = (sum(part) / len(logs) for part in zip(*logs, strict=True)) if fitted else logs[0]
    ends = [sizes[0] / 1.1, sizes[-1] * 1.1]
    heights = [math.exp(y + slope * (math.log(size) - x)) for size in ends]
    axes.plot(ends, heights, color=color, linewidth=1.5 if dashes != "-" else 2, linestyle=dashes)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    known = [value for value in values if value > 0]
    low, high = min(known), max(known)
    stretch = max(1.0, math.sqrt(_SPAN / (high / low)))
    return low / stretch / 1.6, high * stretch * 1.25


def _ticks(low: float, high: float, written: Write) -> list[float]:
    """At most five powers of ten, or for bytes of two, that stand apart from either edge."""
    base = 2.0 if written is quantities.size else 10.0
    edge = _EDGE * math.log(high / low, base)
    first, last = math.ceil(math.log(low, base) + edge), math.floor(math.log(high, base) - edge)
    if base > 2 and last - first < 1:  # noqa: PLR2004 - powers alone would tell too little
        fine = [m * base**p for p in range(first - 1, last + 2) for m in (1, 2, 5)]
        share = base**edge
        return [tick for tick in fine if low * share <= tick <= high / share]
    step = max(1, math.ceil((last - first + 1) / _MOST_TICKS))
    return [base**power for power in range(first, last + 1, step)]


def _short(written: Write) -> Callable[[float, int], str]:
    return lambda value, _unused: written(value).replace(".0 ", " ")


def _cut(text: str) -> str:
    text = units.plain(text).replace("\n", " ")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
