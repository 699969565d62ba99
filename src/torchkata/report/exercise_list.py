"""The list of exercises: by chapter with a bar, each with its state, attempts and best figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from torchkata.i18n import _
from torchkata.report import cost_table, labels
from torchkata.report import text as units
from torchkata.report.console import Screen

_STYLES = {"passed": "green", "todo": "dim", "failed": "red", "error": "red", "timeout": "red"}
_BAR = 12  # cells, where there is room
_SHORTEST_BAR = 4
_GAP = "  "


@dataclass(frozen=True, kw_only=True)
class Row:
    """One exercise of the list.

    Attributes:
        chapter: the folder that holds it.
        name: the short name.
        state: as a report says, or `not judged yet`.
        attempts: how often it was judged.
        best: the lowest figures of passed attempts, by case.
    """

    chapter: str
    name: str
    state: str
    attempts: int = 0
    best: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def show(rows: Sequence[Row], screen: Screen) -> None:
    """Print the list, and how many of all have passed.

    Args:
        rows: in the order of the course.
        screen: where to print; columns that do not fit are left out, the last ones first.
    """
    chapters = {
        name: [row for row in rows if row.chapter == name]
        for name in dict.fromkeys(row.chapter for row in rows)
    }
    title = max((cell_len(screen.safe(name)) for name in chapters), default=0)
    widths = [max(column, default=0) for column in zip(*map(_widths, rows), strict=True)]
    for name, members in chapters.items():
        screen.line(_headline(name, members, title, screen))
        for row in members:
            screen.line(_exercise(row, widths, screen))
    screen.line((screen.safe(_("{count} exercises, {done} passed", count=len(rows),
                                 done=_done(rows))), "bold"))  # fmt: skip


def bar(done: int, total: int, width: int, *, plain: bool) -> tuple[str, str]:
    """The full and the empty part of a bar: full only when all is done, empty only when nothing is.

    Args:
        done: how many.
        total: of how many.
        width: cells of both parts together.
        plain: whether to draw in ASCII.
    """
    full = min(max(done * width // max(total, 1), done > 0), width - (done < total))
    return ("#" if plain else "█") * full, ("-" if plain else "░") * (width - full)


def _headline(name: str, members: Sequence[Row], title: int, screen: Screen) -> Text:
    count = _("{done} of {count} passed", done=_done(members), count=len(members))
    count = screen.safe(count)
    room = screen.width - title - cell_len(count) - 2 * len(_GAP)
    text = Text(screen.safe(name), "bold")
    if room >= _SHORTEST_BAR:
        width = min(room, _BAR)
        full, empty = bar(_done(members), len(members), width, plain=screen.ascii)
        text.append(" " * (title - cell_len(screen.safe(name))) + _GAP)
        text.append(full, "green").append(empty, "dim")
    return text.append(_GAP + count)


def _exercise(row: Row, widths: Sequence[int], screen: Screen) -> Text:
    cells = [screen.safe(cell) for cell in _cells(row)]
    text = Text(_GAP + set_cell_size(cells[0], widths[0]), _STYLES.get(row.state, ""))
    text.append(_GAP + cells[1], "default")
    used = len(_GAP) * 2 + widths[0] + cell_len(cells[1])
    start = len(_GAP) * 2 + widths[0] + widths[1]
    for cell, width in zip(cells[2:], widths[2:], strict=True):
        if start + len(_GAP) + cell_len(cell) > screen.width:
            break
        if cell:
            text.append(" " * (start - used) + _GAP + cell, "dim")
            used = start + len(_GAP) + cell_len(cell)
        start += len(_GAP) + width if width else 0
    return text


def _widths(row: Row) -> Iterator[int]:
    return map(cell_len, map(units.plain, _cells(row)))


def _cells(row: Row) -> tuple[str, str, str, str]:
    tried = ""
    if row.attempts:
        count = quantities.count(row.attempts)
        tried = _("1 attempt") if row.attempts == 1 else _("{count} attempts", count=count)
    lean = cost_table.brief(cost_table.telling(row.best))
    return (
        labels.state(row.state),
        row.name,
        tried,
        _("best: {figures}", figures=lean) * bool(lean),
    )


def _done(rows: Sequence[Row]) -> int:
    return sum(row.state == "passed" for row in rows)
