"""The list of exercises: chapters with progress bars; states, attempts and best metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from torchkata.i18n import EMPTY, Message, Translator, _, quantities
from torchkata.report import cost_table, labels
from torchkata.report.console import Console
from torchkata.report.text import plain
from torchkata.result import Localize, State

_BAR: Final = 12  # cells, if they fit
_SHORTEST_BAR: Final = 4
_GAP: Final = "  "


@dataclass(frozen=True, kw_only=True)
class ListRow:
    """One exercise of the list.

    Attributes:
        chapter: The folder of the exercise.
        number: The exercise's number in its chapter, such as `03`.
        name: The short name.
        state: A state as in reports, or `not graded yet`.
        attempts: How often the exercise was graded.
        best: The lowest metrics of passed attempts, by case.
    """

    chapter: str
    number: str
    name: str
    state: str
    attempts: int = 0
    best: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def print_list(rows: Sequence[ListRow], console: Console, localize: Localize) -> None:
    """Print the list and the number of exercises that passed.

    Args:
        rows: In the order of the course.
        console: Where to print; columns that do not fit are left out, the last ones first.
        localize: Returns the translator of an exercise.
    """
    translate = localize("")
    chapters = {
        name: [row for row in rows if row.chapter == name]
        for name in dict.fromkeys(row.chapter for row in rows)
    }
    title_width = max((cell_len(console.safe(name)) for name in chapters), default=0)
    cell_widths = [[cell_len(plain(cell)) for cell in _cells(row, translate)] for row in rows]
    widths = [max(column, default=0) for column in zip(*cell_widths, strict=True)]
    for name, members in chapters.items():
        console.print_line(_headline(name, members, title_width, console, translate))
        for row in members:
            console.print_line(_line(row, widths, console, translate))
    total = _("{count} exercises, {done} passed", count=len(rows), done=_passed(rows))
    console.print_line((console.safe(translate(total)), "bold"))


def progress_bar(done: int, total: int, width: int, *, ascii_only: bool) -> tuple[str, str]:
    """Return the full and the empty part of a bar.

    It is full only if everything is done, and empty only if nothing is.

    Args:
        done: The number of finished items.
        total: The number of all items.
        width: Cells of both parts together.
        ascii_only: Whether to draw in ASCII.
    """
    full = min(max(done * width // max(total, 1), done > 0), width - (done < total))
    return ("#" if ascii_only else "█") * full, ("-" if ascii_only else "░") * (width - full)


def _headline(
    chapter: str, members: Sequence[ListRow], width: int, console: Console, translate: Translator
) -> Text:
    passed = _passed(members)
    count = console.safe(translate(_("{done} of {count} passed", done=passed, count=len(members))))
    remaining = console.width - width - cell_len(count) - 2 * len(_GAP)
    name = console.safe(chapter)
    text = Text(name, "bold")
    if remaining >= _SHORTEST_BAR:
        bar_width = min(remaining, _BAR)
        full, empty = progress_bar(passed, len(members), bar_width, ascii_only=console.ascii)
        text.append(" " * (width - cell_len(name)) + _GAP)
        text.append(full, "green").append(empty, "dim")
    return text.append(_GAP + count)


def _line(row: ListRow, widths: Sequence[int], console: Console, translate: Translator) -> Text:
    cells = [console.safe(cell) for cell in _cells(row, translate)]
    text = Text(_GAP + set_cell_size(cells[0], widths[0]), labels.STYLES.get(row.state, ""))
    text.append(_GAP + cells[1], "default")
    used = len(_GAP) * 2 + widths[0] + cell_len(cells[1])
    start = len(_GAP) * 2 + widths[0] + widths[1]
    for cell, width in zip(cells[2:], widths[2:], strict=True):
        if start + len(_GAP) + cell_len(cell) > console.width:
            break
        if cell:
            text.append(" " * (start - used) + _GAP + cell, "dim")
            used = start + len(_GAP) + cell_len(cell)
        start += len(_GAP) + width if width else 0
    return text


def _cells(row: ListRow, translate: Translator) -> tuple[str, str, str, str]:
    best = cost_table.format_metrics(cost_table.most_telling(row.best))
    return (
        translate(labels.state(row.state)),
        f"{row.number}  {row.name}",
        translate(_attempts(row.attempts)),
        translate(_("best: {metrics}", metrics=best)) if best else "",
    )


def _attempts(count: int) -> Message:
    if not count:
        return EMPTY
    return _("1 attempt") if count == 1 else _("{count} attempts", count=quantities.count(count))


def _passed(rows: Sequence[ListRow]) -> int:
    return sum(row.state == State.PASSED for row in rows)
