"""The cost table: the costs of baselines, submission and reference, as a table and in one line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size

from torchkata.i18n import EMPTY, Message, Translator, _, quantities
from torchkata.i18n.lists import comma_list
from torchkata.report import labels
from torchkata.report.text import plain
from torchkata.result import CostRow

YOURS: Final = "yours"
REFERENCE: Final = "reference"
_LAST: Final = (YOURS, REFERENCE)
_GAP: Final = "  "
_NARROW: Final = 58  # cells below which the titles of columns are one word
_SHORTEST_BAR: Final = 8
_LONGEST_BAR: Final = 24


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One kind of cost, a column of the table.

    Attributes:
        key: Its name in the metrics of a row.
        format: Formats a value with its unit.
        label: The head of the column in a terminal.
        short_label: The same in a narrow terminal.
        title: The title on a page.
    """

    key: str
    format: Callable[[float], str]
    label: Message
    short_label: Message
    title: Message

    def of(self, row: CostRow) -> float | None:
        """Return the cost of a row; None if it was not measured."""
        return valid_metric(row.metrics, self.key)


COSTS: Final = (
    Cost(
        key="seconds_median",
        format=quantities.seconds,
        label=_("time"),
        short_label=_("time"),
        title=_("Time"),
    ),
    Cost(
        key="ops",
        format=quantities.count,
        label=_("ops"),
        short_label=_("ops"),
        title=_("Ops"),
    ),
    Cost(
        key="extra_bytes",
        format=quantities.size,
        label=_("extra memory"),
        short_label=_("memory"),
        title=_("Extra memory"),
    ),
)
_TIME: Final = COSTS[0]


def rows_by_case(rows: Sequence[CostRow]) -> Iterator[tuple[Message, list[CostRow]]]:
    """Yield each case with its rows: baselines first, then the submission, then the reference."""
    for case in dict.fromkeys(row.case for row in rows):
        yield case, sorted((row for row in rows if row.case == case), key=_rank)


def costs_in(rows: Sequence[CostRow]) -> list[Cost]:
    """Return the kinds of cost that at least one of the rows has."""
    return [cost for cost in COSTS if any(cost.of(row) is not None for row in rows)]


def format_cells(row: CostRow, costs: Sequence[Cost]) -> list[str]:
    """Format costs of a row; a dash stands for one that was not measured."""
    values = [(cost.of(row), cost.format) for cost in costs]
    return ["-" if value is None else form(value) for value, form in values]


def draw_table(
    rows: Sequence[CostRow], translate: Translator, *, width: int, bar: str
) -> list[str]:
    """Draw the costs of an exercise as text, one table per case.

    Args:
        rows: In any order.
        translate: The translator of the exercise.
        width: Cells per line; bars are left out if there is not enough space.
        bar: The character that bars consist of.
    """
    lines: list[str] = []
    for case, members in rows_by_case(rows):
        if len(members) > 1:  # one row alone compares nothing
            lines += _draw_case(case, members, translate, width, bar)
    return lines


def summary(rows: Sequence[CostRow]) -> Message:
    """Return the submission's costs in one line: `1 op, 6.2 us, 380x over the loop`.

    Args:
        rows: In any order; without one of the submission the summary is empty.
    """
    candidates = [row for row in rows if row.who == YOURS]
    if not candidates:
        return EMPTY
    yours = max(candidates, key=lambda row: _TIME.of(row) is not None)
    parts = [format_metrics(yours.metrics)]
    if seconds := _TIME.of(yours):
        for row in rows:
            theirs = _TIME.of(row)
            if row.who not in _LAST and row.case == yours.case and theirs:
                ratio, baseline = quantities.ratio(theirs / seconds), labels.contender(row.who)
                parts.append(_("{ratio} over the {baseline}", ratio=ratio, baseline=baseline))
                break
    return comma_list([part for part in parts if part])


def format_metrics(metrics: Mapping[str, float]) -> Message:
    """Return metrics in short, such as `1 op, 20.0 KiB extra, 6.2 us`, without costs of zero."""
    parts: list[Message | str] = []
    if (ops := valid_metric(metrics, "ops")) is not None:
        parts.append(_("1 op") if ops == 1 else _("{count} ops", count=quantities.count(ops)))
    if extra := valid_metric(metrics, "extra_bytes"):
        parts.append(_("{size} extra", size=quantities.size(extra)))
    if seconds := valid_metric(metrics, "seconds_median"):
        parts.append(quantities.seconds(seconds))
    return comma_list(parts)


def most_telling(metrics_by_case: Mapping[str, Mapping[str, float]]) -> Mapping[str, float]:
    """Return the metrics of the first case that was timed, or of the first case."""
    return max(metrics_by_case.values(), key=lambda metrics: _TIME.key in metrics, default={})


def valid_metric(metrics: Mapping[str, float], key: str) -> float | None:
    """Return a metric; None if it is missing, negative or not finite."""
    value = metrics.get(key)
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def _rank(row: CostRow) -> int:
    return _LAST.index(row.who) + 1 if row.who in _LAST else 0


def _draw_case(
    case: Message, rows: Sequence[CostRow], translate: Translator, width: int, bar: str
) -> list[str]:
    costs = costs_in(rows)
    if not costs:
        return []

    heads = [cost.short_label if width < _NARROW else cost.label for cost in costs]
    cells = [list(map(translate, heads)), *(format_cells(row, costs) for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    remaining = width - sum(widths) - len(_GAP) * len(widths)

    names = [plain(translate(labels.contender(row.who))) for row in rows]
    name_width = max(8, min(max(map(cell_len, names)), remaining))
    bar_width = min(remaining - name_width - len(_GAP), _LONGEST_BAR)
    bars = _bars([costs[0].of(row) for row in rows], bar_width, bar)

    titles = [_title(case), *([_title_with_bars(case, heads[0])] if any(bars) else [])]
    fitting = [text for text in map(plain, map(translate, titles)) if cell_len(text) <= width]
    lines = [fitting[-1] if fitting else plain(translate(titles[0]))]
    for name, drawn, row in zip(["", *names], ["", *bars], cells, strict=True):
        start = _fit(name, name_width) + (_GAP + _fit(drawn, bar_width) if any(bars) else "")
        aligned = [
            " " * (column - cell_len(cell)) + cell for cell, column in zip(row, widths, strict=True)
        ]
        lines.append(_GAP.join([start, *aligned]))
    return lines


def _title(case: Message) -> Message:
    return _("Cost: {case}", case=case) if case else _("Cost")


def _title_with_bars(case: Message, what: Message) -> Message:
    if case:
        return _("Cost: {case} (bars: {what}, log scale)", case=case, what=what)
    return _("Cost (bars: {what}, log scale)", what=what)


def _bars(values: Sequence[float | None], longest: int, bar: str) -> list[str]:
    """Draw bars on a log scale, which makes similar costs similar in length.

    The scale spans at least a factor of ten, so that a few percent never look like a large gap.
    """
    known = [value for value in values if value]
    if longest < _SHORTEST_BAR or len(known) < 2:  # noqa: PLR2004 - two make a comparison
        return [""] * len(values)
    low = math.log10(min(known))
    span = max(math.log10(max(known)) - low, 1.0)

    def length(value: float | None) -> int:
        return 1 + round((longest - 1) * (math.log10(value) - low) / span) if value else 0

    return [bar * length(value) for value in values]


def _fit(text: str, width: int) -> str:
    """Pad or cut a text to a number of cells."""
    if cell_len(text) > width:
        return set_cell_size(text, width - 2) + ".."
    return set_cell_size(text, width)
