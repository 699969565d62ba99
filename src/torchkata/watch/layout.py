"""The whole screen: a heading, a window on the page, and the last lines, always in sight; pure."""

from __future__ import annotations

import re
from itertools import accumulate

from rich.cells import cell_len, set_cell_size

from torchkata.i18n import _
from torchkata.report import labels
from torchkata.report import text as units
from torchkata.result import State as Verdict
from torchkata.watch.events import Page
from torchkata.watch.pages import Look, body, line_of
from torchkata.watch.state import Question, State

__all__ = ["Look", "frame", "reach", "room", "rows"]

_SGR = re.compile(r"\x1b\[[0-9;]*m")
_NARROW = 60  # cells
_LOW = 10  # rows below which the heading and the keys give way
_MOST_NOTICE = 4  # rows


def rows(line: str, columns: int) -> int:
    """How many rows a line takes: a path that is wider than the screen goes on in the next row."""
    return max(1, -(-cell_len(_SGR.sub("", line)) // columns))


def frame(state: State, look: Look) -> list[str]:
    """Every line of the screen, from the top; together they take all its rows."""
    columns, height = state.size
    above, last = _heading(state, look), _last(state, look)
    lines, focus = body(state, look)
    if look.tall:
        return [*above, *lines, *last]
    window = room(state, look)
    start = _start(lines, focus, state, window)
    shown: list[str] = []
    for line in lines[start:]:
        if sum(rows(each, columns) for each in (*shown, line)) > window:
            break
        shown.append(line)
    rest = len(lines) - start - len(shown)
    filled = sum(rows(line, columns) for line in shown)
    blanks = [""] * (window - filled)
    whole = [*above, *shown, *blanks, _rule(state, look, start, len(lines), rest), *last]
    while sum(rows(line, columns) for line in whole) > height and len(whole) > 1:
        del whole[0]
    return whole


def room(state: State, look: Look) -> int:
    """How many rows the page has."""
    columns, height = state.size
    taken = sum(rows(line, columns) for line in (*_heading(state, look), *_last(state, look)))
    return max(0, height - taken - 1)


def reach(state: State, look: Look) -> int:
    """How far the page can be scrolled."""
    lines, _focus = body(state, look)
    return _furthest(lines, state.size[0], room(state, look))


def _furthest(lines: list[str], columns: int, window: int) -> int:
    sizes = list(accumulate(rows(line, columns) for line in reversed(lines)))
    fitting = sum(size <= window for size in sizes)
    return max(0, len(lines) - fitting)


def _start(lines: list[str], focus: int, state: State, window: int) -> int:
    start = min(state.scroll, _furthest(lines, state.size[0], window))
    if focus >= window:
        start = focus - window // 2
    return min(start, _furthest(lines, state.size[0], window))


def _heading(state: State, look: Look) -> list[str]:
    columns, height = state.size
    if height < _LOW and not look.tall:
        return []
    done = sum(known == "passed" for known in state.states.values())
    count = look.safe(_("{done} of {all} passed", done=done, all=len(state.items)))
    name = look.safe(state.item.id)
    if cell_len(name) + cell_len(count) + 2 > columns:
        count = f"{done}/{len(state.items)}"
    text = set_cell_size(name, max(0, columns - cell_len(count) - 1)) + " " + count
    return [look.paint(text[:columns], "bold")]


def _rule(state: State, look: Look, start: int, count: int, rest: int) -> str:
    """A line between page and last lines that says what is happening, and what is out of sight."""
    columns = state.size[0]
    dash = "-" if look.safe("─") != "─" else "─"
    left = look.safe(_doing(state))
    right = ""
    if start or rest:
        right = look.safe(_("{last} of {all} lines", last=count - rest, all=count))
    left = f"{dash * 2} {left} " if left else ""
    right = f" {right} {dash * 2}" if right else ""
    middle = dash * max(0, columns - cell_len(left) - cell_len(right))
    return look.paint(set_cell_size(left + middle + right, columns), "dim")


def _doing(state: State) -> str:
    if state.job is None:
        return ""
    if state.job.quiet:
        return _("judging {name} ...", name=state.job.id)
    if state.job.check:
        return _("judging: {check} ...", check=labels.axis(state.job.check))
    return _("judging ...")


def _last(state: State, look: Look) -> list[str]:
    """What is always in sight: a question or a word of advice, the file, the keys."""
    columns, height = state.size
    text, style = _advice(state)
    wrapped = list(units.wrapped(look.safe(text), columns, 0, 0)) if text else []
    if not look.tall:
        wrapped = wrapped[: _MOST_NOTICE if height >= _LOW else 1]
    file = look.safe(f"{state.item.file}:{line_of(state)}")
    keys = _keys(state, columns)
    below = [] if height < _LOW // 2 and not look.tall else [look.paint(keys, "dim")]
    return [*(look.paint(line, style) for line in wrapped), file, *below]


def _advice(state: State) -> tuple[str, str]:
    if state.question is not None:
        return _question(state), "yellow"
    if state.notice:
        return state.notice, "yellow"
    if state.page is Page.LIST:
        return "", ""
    if state.job is not None and not state.job.quiet:
        return "", ""
    if state.text:
        return _("Write your answer in the file and save it: it is judged at once."), ""
    if state.result is None or state.source is None or state.fault:
        return "", ""
    match state.result.state:
        case Verdict.PASSED:
            return _passed(state), "green"
        case Verdict.UNMEASURABLE:
            return _("Press Enter to judge it again when the machine is calmer."), "yellow"
        case Verdict.TODO:
            return _("Go on in the file and save it: it is judged at once."), ""
    return _("Mend the first point and save. Stuck? Press h."), ""


def _passed(state: State) -> str:
    if all(known == "passed" for known in state.states.values()):
        return _("Everything passes. Well done! Press s to see how the reference does it.")
    if state.at + 1 < len(state.items):
        return _(
            "Passed. Press n to go on with {name}, s to see how the reference does it, or make it "
            "better still.",
            name=state.items[state.at + 1].name,
        )
    return _("Passed. This is the last exercise; N goes to one that does not pass yet.")


def _question(state: State) -> str:
    if state.question is Question.RESET:
        return _("Bring {name} back as shipped? Your file is kept. (y/n)", name=state.item.name)
    if state.question is Question.SOLUTION:
        return _("It does not pass yet. Show the solution all the same? (y/n)")
    return _("Really? What you find yourself stays with you; h gives a hint. (y/n)")


def _keys(state: State, columns: int) -> str:
    if state.page is Page.LIST:
        texts = (_("type to filter, arrows and Enter to go, Esc to leave"), "Enter  Esc")
    elif columns < _NARROW:
        texts = ("n p h l r s a w q ?", "n p h l q ?")
    else:
        long = _("n next  p prev  h hint  l list  r reset  s solution  a all  w report  q quit")
        texts = (f"{long}  ?", "n p h l r s a w q ?")
    return next((text for text in texts if cell_len(text) <= columns), texts[-1][:columns])
