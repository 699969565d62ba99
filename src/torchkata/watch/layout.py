"""The whole screen: a heading, a window on the page, and last lines that stay visible; pure."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from rich.cells import cell_len, set_cell_size

from torchkata.i18n import EMPTY, Message, _
from torchkata.report import labels
from torchkata.report.text import wrapped
from torchkata.result import State
from torchkata.watch.events import Page
from torchkata.watch.pages import line_to_open, page_lines
from torchkata.watch.state import Question, WatchState
from torchkata.watch.view import View

_SGR: Final = re.compile(r"\x1b\[[0-9;]*m")
_NARROW: Final = 60  # cells below which only the keys' letters are shown
_LOW: Final = 10  # rows below which the heading and the keys are left out
_MAX_NOTICE_ROWS: Final = 4


def row_count(line: str, columns: int) -> int:
    """Return how many rows a line takes; a long path continues in the next row."""
    return max(1, -(-cell_len(_SGR.sub("", line)) // columns))


def frame(state: WatchState, view: View) -> list[str]:
    """Return the lines of the screen, from the top; together they fill all of its rows."""
    columns, height = state.size
    heading, footer = _heading(state, view), _footer(state, view)
    lines, focus = page_lines(state, view)
    if view.caps.scrolls_only:
        return [*heading, *lines, *footer]
    window = page_height(state, view)
    start = _first_line(lines, focus, state, window)
    visible: list[str] = []
    for line in lines[start:]:
        if sum(row_count(each, columns) for each in (*visible, line)) > window:
            break
        visible.append(line)
    blanks = [""] * (window - sum(row_count(line, columns) for line in visible))
    rule = _rule(state, view, total=len(lines), above=start, last=start + len(visible))
    screen = [*heading, *visible, *blanks, rule, *footer]
    while sum(row_count(line, columns) for line in screen) > height and len(screen) > 1:
        del screen[0]
    return screen


def page_height(state: WatchState, view: View) -> int:
    """Return how many rows the page has."""
    columns, height = state.size
    fixed = (*_heading(state, view), *_footer(state, view))
    return max(0, height - sum(row_count(line, columns) for line in fixed) - 1)


def max_scroll(state: WatchState, view: View) -> int:
    """Return how many lines can be scrolled past at most."""
    lines, _focus = page_lines(state, view)
    return _last_start(lines, state.size[0], page_height(state, view))


def _last_start(lines: list[str], columns: int, window: int) -> int:
    """Return the first line of a window at the end of the page."""
    heights = accumulate(row_count(line, columns) for line in reversed(lines))
    fitting = sum(height <= window for height in heights)
    return max(0, len(lines) - fitting)


def _first_line(lines: list[str], focus: int, state: WatchState, window: int) -> int:
    start = focus - window // 2 if focus >= window else state.scroll
    return min(start, _last_start(lines, state.size[0], window))


def _heading(state: WatchState, view: View) -> list[str]:
    columns, height = state.size
    if height < _LOW and not view.caps.scrolls_only:
        return []
    passed, total = state.passed_count, len(state.exercises)
    count = view.text(_("{passed} of {total} passed", passed=passed, total=total))
    name = view.caps.safe(state.exercise.id)
    if cell_len(name) + cell_len(count) + 2 > columns:
        count = f"{passed}/{total}"
    text = set_cell_size(name, max(0, columns - cell_len(count) - 1)) + " " + count
    return [view.caps.paint(text[:columns], "bold")]


def _rule(state: WatchState, view: View, *, total: int, above: int, last: int) -> str:
    """Return the line below the page: what runs, and whether lines are out of sight."""
    columns = state.size[0]
    dash = "─" if view.caps.safe("─") == "─" else "-"
    activity = view.text(_activity(state))
    left = f"{dash * 2} {activity} " if activity else ""
    right = ""
    if above or last < total:
        position = view.text(_("{last} of {total} lines", last=last, total=total))
        right = f" {position} {dash * 2}"
    middle = dash * max(0, columns - cell_len(left) - cell_len(right))
    return view.caps.paint(set_cell_size(left + middle + right, columns), "dim")


def _activity(state: WatchState) -> Message:
    if state.job is None:
        return EMPTY
    if state.job.background:
        return _("grading {exercise} ...", exercise=state.job.exercise_id)
    if state.job.axis:
        return _("grading: {axis} ...", axis=labels.axis(state.job.axis))
    return _("grading ...")


def _footer(state: WatchState, view: View) -> list[str]:
    """Return what is always visible: a question or advice, the file, and the keys."""
    columns, height = state.size
    message, style = _advice(state)
    notice = list(wrapped(view.text(message), columns, 0, 0)) if message else []
    if not view.caps.scrolls_only:
        notice = notice[: _MAX_NOTICE_ROWS if height >= _LOW else 1]
    lines = [view.caps.paint(line, style) for line in notice]
    lines.append(view.caps.safe(f"{state.exercise.file}:{line_to_open(state)}"))
    if height >= _LOW // 2 or view.caps.scrolls_only:
        lines.append(view.caps.paint(_keys(state, view), "dim"))
    return lines


def _advice(state: WatchState) -> tuple[Message, str]:
    """Return what the learner should read or do next, and its style."""
    if state.question is not None:
        return _question(state), "yellow"
    if state.notice:
        return state.notice, "yellow"
    grading = state.job is not None and not state.job.background
    if state.page is Page.LIST or grading:
        return EMPTY, ""
    if state.statement:
        return _("Write your solution in the file. It is graded whenever you save."), ""
    if state.result is None or state.source is None or state.fault:
        return EMPTY, ""
    match state.result.state:
        case State.PASSED:
            return _passed(state), "green"
        case State.UNMEASURABLE:
            return _("Press Enter to grade it again when the machine is less busy."), "yellow"
        case State.TODO:
            return _("Continue in the file. It is graded whenever you save."), ""
    return _("Fix the first problem and save. Stuck? Press h for a hint."), ""


def _passed(state: WatchState) -> Message:
    if state.passed_count == len(state.states):
        return _("All exercises pass. Well done! Press s to compare with the reference.")
    if state.index + 1 < len(state.exercises):
        return _(
            "Passed. Press n for the next exercise ({name}) or s to compare with the reference. "
            "You can also keep improving your solution.",
            name=state.exercises[state.index + 1].name,
        )
    return _("Passed. This is the last exercise. Press N for one that does not pass yet.")


def _question(state: WatchState) -> Message:
    if state.question is Question.RESET:
        return _("Reset {name} to the original? Your file is kept. (y/n)", name=state.exercise.name)
    if state.question is Question.SOLUTION:
        return _("Your solution does not pass yet. Show the reference anyway? (y/n)")
    return _("Are you sure? You will learn more by solving it yourself; press h for a hint. (y/n)")


def _keys(state: WatchState, view: View) -> str:
    letters = "n p h l r s a w q ?"
    if state.page is Page.LIST:
        options = [view.text(_("type to filter, arrows and Enter to open, Esc to leave"))]
        options.append("Enter  Esc")
    elif state.size[0] < _NARROW:
        options = [letters, "n p h l q ?"]
    else:
        words = _("n next  p prev  h hint  l list  r reset  s solution  a all  w report  q quit")
        options = [f"{view.text(words)}  ?", letters]
    columns = state.size[0]
    return next((text for text in options if cell_len(text) <= columns), options[-1][:columns])
