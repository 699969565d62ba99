"""The cost ladder: what baseline, submission and reference cost, as a table and as one line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.cells import cell_len, set_cell_size

from torchkata.course.translations import told_case
from torchkata.i18n import _
from torchkata.report import labels
from torchkata.report.text import count, plain, ratio, seconds, size
from torchkata.result import CostRow

_COLUMNS = (("seconds_median", seconds), ("ops", count), ("extra_bytes", size))
_LAST = ("yours", "reference")
_GAP = "  "
_NARROW = 58  # cells below which titles of columns are one word
_SHORTEST_BAR, _LONGEST_BAR = 8, 24


def table(ladder: Sequence[CostRow], *, width: int, bar: str) -> list[str]:
    """Draw the ladder, one table per case, slowest kind of answer on top.

    Args:
        ladder: rungs in any order.
        width: cells to a line; without room for bars there are none.
        bar: the character that bars are made of.
    """
    lines: list[str] = []
    for case in dict.fromkeys(rung.case for rung in ladder):
        rungs = sorted((rung for rung in ladder if rung.case == case), key=_place)
        if len(rungs) > 1:  # a ladder of one rung compares nothing
            lines += _one_table(case, rungs, width, bar)
    return lines


def summary(ladder: Sequence[CostRow]) -> str:
    """Say in one line what the submission costs, such as `1 op, 6.2 us, 380 x over the loop`.

    Args:
        ladder: rungs in any order; with none called `yours` there is nothing to say.
    """
    mine = [rung for rung in ladder if rung.who == "yours"]
    if not mine:
        return ""
    yours = max(mine, key=lambda rung: _figure(rung, "seconds_median") is not None)
    parts = [brief(yours.figures)] if brief(yours.figures) else []
    if time := _figure(yours, "seconds_median"):
        for rung in ladder:
            theirs = _figure(rung, "seconds_median")
            if rung.who not in _LAST and rung.case == yours.case and theirs:
                rival = plain(labels.contender(rung.who))
                parts.append(_("{ratio} over the {rival}", ratio=ratio(theirs / time), rival=rival))
                break
    return _(", ").join(parts)


def brief(figures: Mapping[str, float]) -> str:
    """Write figures in short, such as `1 op, 20.0 KiB extra, 6.2 us`; what is free is left out."""
    parts = []
    if (ops := _finite(figures, "ops")) is not None:
        parts.append(_("1 op" if ops == 1 else "{count} ops", count=count(ops)))
    if extra := _finite(figures, "extra_bytes"):
        parts.append(_("{size} extra", size=size(extra)))
    if time := _finite(figures, "seconds_median"):
        parts.append(seconds(time))
    return _(", ").join(parts)


def telling(cases: Mapping[str, Mapping[str, float]]) -> Mapping[str, float]:
    """Of the figures of several cases, those that say most: timed ones, else the first."""
    return max(cases.values(), key=lambda figures: "seconds_median" in figures, default={})


def _title(key: str, *, short: bool) -> str:
    return {
        "seconds_median": _("time"),
        "ops": _("ops"),
        "extra_bytes": _("memory") if short else _("extra memory"),
    }[key]


def _place(rung: CostRow) -> int:
    return _LAST.index(rung.who) + 1 if rung.who in _LAST else 0


def _figure(rung: CostRow, key: str) -> float | None:
    return _finite(rung.figures, key)


def _finite(figures: Mapping[str, float], key: str) -> float | None:
    value = figures.get(key)
    return value if value is not None and math.isfinite(value) else None


def _one_table(case: str, rungs: Sequence[CostRow], width: int, bar: str) -> list[str]:
    columns = [
        column for column in _COLUMNS if any(_figure(rung, column[0]) is not None for rung in rungs)
    ]
    if not columns:
        return []
    cells = [[_title(key, short=width < _NARROW) for key, _unused in columns]]
    for rung in rungs:
        values = [(_figure(rung, key), write) for key, write in columns]
        cells.append(["-" if value is None else write(value) for value, write in values])
    widths = [max(cell_len(row[index]) for row in cells) for index in range(len(columns))]
    room = width - sum(widths) - len(_GAP) * len(widths)

    called = [plain(labels.contender(rung.who)) for rung in rungs]
    who = max(8, min(max(map(cell_len, called)), room))
    left = min(room - who - len(_GAP), _LONGEST_BAR)
    bars = _bars([_figure(rung, columns[0][0]) for rung in rungs], left, bar)

    named = _("Cost: {case}", case=plain(told_case(case))) if case else _("Cost")
    note = _(" (bars: {what}, log scale)", what=cells[0][0]) if any(bars) else ""
    lines = [named + note if cell_len(named + note) <= width else named]
    for name, drawn, row in zip(["", *called], ["", *bars], cells, strict=True):
        start = _cut(name, who) + (_GAP + _cut(drawn, left) if any(bars) else "")
        figures = [
            " " * (wide - cell_len(cell)) + cell for cell, wide in zip(row, widths, strict=True)
        ]
        lines.append(_GAP.join([start, *figures]))
    return lines


def _bars(values: Sequence[float | None], longest: int, bar: str) -> list[str]:
    """Draw bars whose lengths differ as the logarithms do; near costs get near lengths.

    The scale spans a factor of ten at least, so that a few per cent never look like a gulf.
    """
    known = [value for value in values if value]
    if longest < _SHORTEST_BAR or len(known) < 2:  # noqa: PLR2004 - two make a comparison
        return ["" for _unused in values]
    low = math.log10(min(known))
    span = max(math.log10(max(known)) - low, 1.0)

    def length(value: float | None) -> int:
        return 1 + round((longest - 1) * (math.log10(value) - low) / span) if value else 0

    return [bar * length(value) for value in values]


def _cut(text: str, width: int) -> str:
    if cell_len(text) > width:
        return set_cell_size(text, width - 2) + ".."
    return set_cell_size(text, width)
