"""The pages above the last lines: statement or result, list, hints, solution, keys; pure."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len, set_cell_size

from torchkata.i18n import _
from torchkata.report import labels
from torchkata.report.console import MAX_PROSE_WIDTH
from torchkata.report.grouping import group_findings
from torchkata.report.terminal import TerminalReport
from torchkata.report.text import join_paragraphs, wrapped
from torchkata.result import ExerciseResult, State
from torchkata.watch.events import Page
from torchkata.watch.state import WatchState
from torchkata.watch.view import View

_STATE_CELLS: Final = 16
_MIN_NAME_CELLS: Final = 8
_KEY_CELLS: Final = 8
_STATEMENT_WIDTH: Final = 96  # a little less than the width of a stub


class _Buffer(io.StringIO):
    """A text buffer that has the encoding of the terminal."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def page_lines(state: WatchState, view: View) -> tuple[list[str], int]:
    """Return the lines of the current page, and the index of the one that has to be visible."""
    match state.page:
        case Page.LIST:
            return _list(state, view)
        case Page.HINTS:
            return _wrap(_paragraphs(state, view), state), 0
        case Page.SOLUTION:
            return _wrap(_paragraphs(state, view), state, full_width=True), 0
        case Page.KEYS:
            return _wrap(_key_table(view), state, full_width=True), 0
        case Page.ALL:
            return _all(state, view), 0
    return _exercise(state, view), 0


def result_lines(result: ExerciseResult, columns: int, view: View) -> list[str]:
    """Return a result as `grade` prints it, without its advice for the command line."""
    buffer = _Buffer(view.caps.encoding)
    report = TerminalReport(
        view.localize,
        color=view.caps.color,
        width=min(columns, MAX_PROSE_WIDTH),
        file=buffer,
        advice=False,
    )
    report.started(1)
    report.finished(result)
    return buffer.getvalue().strip("\n").split("\n")


def line_to_open(state: WatchState) -> int:
    """Return the line of the first finding, else of the first `# TODO`, else of an entry point."""
    result, source = state.result, state.source
    if source is None:
        return 1
    lines = source.decode("utf-8", "replace").splitlines()
    if result is not None and state.graded_sources.get(state.exercise.id) == source:
        for finding in group_findings(result.failed):
            if 1 <= (line := finding.checks[0].line) <= len(lines):
                return line
    return next(_places_to_start(lines, state.exercise.entry_points), 1)


def _places_to_start(lines: list[str], entry_points: tuple[str, ...]) -> Iterator[int]:
    yield from (number for number, line in enumerate(lines, 1) if "# TODO" in line)
    heads = tuple(f"{word} {name}" for name in entry_points for word in ("def", "class"))
    yield from (number for number, line in enumerate(lines, 1) if line.startswith(heads))


def _exercise(state: WatchState, view: View) -> list[str]:
    if not state.file_read:
        return []
    if state.fault:
        return _wrap(view.text(state.fault), state)
    if state.source is None:
        missing = _(
            "There is no {file}. Save your solution there, or press r to restore the original.",
            file=state.exercise.file,
        )
        return _wrap(view.text(missing), state)
    if state.statement:
        paragraphs = [view.text(part, state.exercise.id) for part in state.statement]
        text = join_paragraphs("\n\n".join(paragraphs), _STATEMENT_WIDTH)
        return _wrap(text, state, full_width=True)
    if state.result is None:
        return []
    return result_lines(state.result, state.size[0], view)


def _paragraphs(state: WatchState, view: View) -> str:
    return "\n\n".join(view.text(paragraph, state.exercise.id) for paragraph in state.body)


def _wrap(text: str, state: WatchState, *, full_width: bool = False) -> list[str]:
    """Break text into lines of the screen; continuations are indented like their line."""
    columns = state.size[0]
    width = columns if full_width else min(columns, MAX_PROSE_WIDTH)
    lines: list[str] = []
    for line in text.split("\n"):
        indent = min(len(line) - len(line.lstrip(" ")), width // 2)
        lines += [" " * indent + part for part in wrapped(line[indent:], width, indent, indent)]
    return lines


def _list(state: WatchState, view: View) -> tuple[list[str], int]:
    paint = view.caps.paint
    lines = [paint(view.text(_("Find: {filter}_", filter=state.filter)), "bold")]
    if not state.matches:
        lines.append(view.text(_("No match. Press Backspace to edit the filter.")))
    focus, chapter = 0, ""
    for row, index in enumerate(state.matches):
        exercise = state.exercises[index]
        if exercise.chapter != chapter:
            chapter = exercise.chapter
            lines.append(paint(_chapter_heading(state, view, chapter), "bold"))
        if row == state.cursor:
            focus = len(lines)
        lines.append(_list_row(state, view, index, chosen=row == state.cursor))
    return lines, focus


def _chapter_heading(state: WatchState, view: View, chapter: str) -> str:
    ids = [exercise.id for exercise in state.exercises if exercise.chapter == chapter]
    passed = sum(state.states.get(id_) == State.PASSED for id_ in ids)
    return view.text(
        _("{chapter}  {passed} of {total}", chapter=chapter, passed=passed, total=len(ids))
    )


def _list_row(state: WatchState, view: View, index: int, *, chosen: bool) -> str:
    exercise = state.exercises[index]
    exercise_state = state.states.get(exercise.id, "")
    label = view.text(labels.state(exercise_state))
    name = view.caps.safe(exercise.id.partition("/")[2])
    mark = "> " if chosen else "  "
    name_cells = max(_MIN_NAME_CELLS, state.size[0] - cell_len(mark) - _STATE_CELLS)
    row = set_cell_size(f"{mark}{label}", _STATE_CELLS + cell_len(mark)) + name[:name_cells]
    return view.caps.paint(row, "reverse" if chosen else labels.STYLES.get(exercise_state, ""))


def _all(state: WatchState, view: View) -> list[str]:
    """Return the progress of grading all exercises; untouched ones are counted but not listed."""
    running = state.job.exercise_id if state.job is not None and state.job.background else ""
    total = len(state.finished) + bool(running) + len(state.queue)
    count = _("{graded} of {total} graded", graded=len(state.finished), total=total)
    lines = [view.caps.paint(view.text(count), "bold")]
    for exercise_id in state.finished:
        exercise_state = state.states.get(exercise_id, "")
        if exercise_state != State.TODO:
            label = set_cell_size(view.text(labels.state(exercise_state)), _STATE_CELLS - 2)
            style = labels.STYLES.get(exercise_state, "")
            lines.append(view.caps.paint(f"  {label}{view.caps.safe(exercise_id)}", style))
    if running:
        row = set_cell_size("  ...", _STATE_CELLS) + view.caps.safe(running)
        lines.append(view.caps.paint(row, "dim"))
    return lines


def _key_table(view: View) -> str:
    rows = (
        ("n, p", _("next exercise, previous exercise")),
        ("N", _("next exercise that does not pass yet")),
        ("h", _("a hint; press again for the next one")),
        ("l", _("list: type to filter, arrows and Enter to open an exercise")),
        ("r", _("reset the file to the original; your version is kept")),
        ("s", _("show the solution")),
        ("a", _("grade all exercises that you have started")),
        ("w", _("write a report on all exercises as HTML")),
        ("Enter", _("grade the file again, or leave a page like this one")),
        (view.text(_("arrows")), _("scroll; also j, k, PgUp, PgDn, Space, g, G")),
        ("Esc", _("go back; cancel the grading of all exercises")),
        ("q", _("quit; your work is saved in your files")),
    )
    return "\n".join(f"{key:<{_KEY_CELLS}}{view.text(meaning)}" for key, meaning in rows)
