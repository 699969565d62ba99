"""What fills the screen: the statement or verdict, the list, hints, a solution, the keys; pure."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from torchkata.i18n import _
from torchkata.report import labels
from torchkata.report import text as units
from torchkata.report.terminal import TerminalReport
from torchkata.result import ExerciseResult
from torchkata.result import State as Verdict
from torchkata.watch.events import Page
from torchkata.watch.state import State

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "reverse": "7"}
_STYLES = {"passed": "green", "todo": "dim", "failed": "red", "error": "red", "timeout": "red"}
_WIDEST = 100  # cells; longer lines of prose are hard to read


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the terminal can show.

    Attributes:
        color: whether it shows colours.
        encoding: of its characters.
        tall: whether the text may be as long as it is, for a terminal that only scrolls.
    """

    color: bool = False
    encoding: str = "utf-8"
    tall: bool = False

    def safe(self, text: str) -> str:
        """Make text plain, of characters that the terminal can show."""
        return (
            units.plain(text, limit=1 << 20).encode(self.encoding, "replace").decode(self.encoding)
        )

    def paint(self, text: str, style: str) -> str:
        """Give text a style, where there are colours."""
        if not self.color or not style or not text:
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


class _Sheet(io.StringIO):
    """Takes a report for a terminal of some encoding."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def body(state: State, look: Look) -> tuple[list[str], int]:
    """The lines above the last ones, and the one of them that has to be in sight."""
    match state.page:
        case Page.LIST:
            return _list(state, look)
        case Page.HINTS | Page.SOLUTION:
            keep = state.page is Page.SOLUTION
            return _prose(state.body, state, look, keep=keep), 0
        case Page.KEYS:
            return _prose(_keys(), state, look, keep=True), 0
        case Page.ALL:
            return _all(state, look), 0
    return _exercise(state, look), 0


def verdict(result: ExerciseResult, columns: int, look: Look) -> list[str]:
    """A verdict as `grade` prints it, without its advice for the command line."""
    sheet = _Sheet(look.encoding)
    report = TerminalReport(
        color=look.color, width=min(columns, _WIDEST), file=sheet, verbose=True, advice=False
    )
    report.finished(result)
    return sheet.getvalue().strip("\n").split("\n")


def _exercise(state: State, look: Look) -> list[str]:
    if not state.looked:
        return []
    if state.fault:
        return _prose(state.fault, state, look)
    if state.source is None:
        return _prose(
            _(
                "There is no {file}. Save your answer there, or press r to bring it back as "
                "shipped.",
                file=state.item.file,
            ),
            state,
            look,
        )
    if state.text:
        return _prose(state.text, state, look, keep=True)
    if state.result is None:
        return []
    return verdict(state.result, state.size[0], look)


def _prose(text: str, state: State, look: Look, *, keep: bool = False) -> list[str]:
    """Text in lines of the screen; `keep` leaves them as they are where they fit."""
    columns = state.size[0]
    width = columns if keep else min(columns, _WIDEST)
    lines: list[str] = []
    for line in look.safe(text).split("\n"):
        hang = min(len(line) - len(line.lstrip(" ")), width // 2)
        first, *others = units.wrapped(line, width, 0, hang)
        lines += [first, *(" " * hang + other for other in others)]
    return lines


def _list(state: State, look: Look) -> tuple[list[str], int]:
    lines = [look.paint(look.safe(_("Find: {filter}_", filter=state.filter)), "bold")]
    found = state.found
    focus, chapter = 0, ""
    if not found:
        lines.append(look.safe(_("Nothing fits; Backspace takes back a letter.")))
    for row, place in enumerate(found):
        item = state.items[place]
        if item.chapter != chapter:
            chapter = item.chapter
            inside = [i.id for i in state.items if i.chapter == chapter]
            done = sum(state.states.get(id_) == "passed" for id_ in inside)
            heading = _("{chapter}  {done} of {all}", chapter=chapter, done=done, all=len(inside))
            lines.append(look.paint(look.safe(heading), "bold"))
        if row == state.cursor:
            focus = len(lines)
        lines.append(_entry(state, place, look, chosen=row == state.cursor))
    return lines, focus


def _entry(state: State, place: int, look: Look, *, chosen: bool) -> str:
    item, known = state.items[place], state.states.get(state.items[place].id, "")
    word = look.safe(_word(known))
    name = look.safe(item.id.partition("/")[2])
    mark = "> " if chosen else "  "
    room = max(8, state.size[0] - cell_len(mark) - 16)
    text = set_cell_size(f"{mark}{word}", 16 + cell_len(mark)) + name[:room]
    return look.paint(text, "reverse" if chosen else _STYLES.get(known, ""))


def _word(state: str) -> str:
    return labels.state(Verdict(state)) if state in set(Verdict) else state


def _all(state: State, look: Look) -> list[str]:
    running = state.job.id if state.job is not None and state.job.quiet else ""
    waiting = [running, *state.queue] if running else list(state.queue)
    total = len(state.done) + len(waiting)
    count = _("{done} of {all} judged", done=len(state.done), all=total)
    lines = [look.paint(look.safe(count), "bold")]
    for id_ in state.done:
        known = state.states.get(id_, "")
        if known != "todo":
            word = set_cell_size(look.safe(_word(known)), 14)
            lines.append(look.paint(f"  {word}{look.safe(id_)}", _STYLES.get(known, "")))
    if running:
        lines.append(look.paint(look.safe(f"  ...           {running}"), "dim"))
    return lines


def _keys() -> str:
    rows = (
        ("n, p", _("the next exercise, the previous one")),
        ("N", _("the next one that does not pass yet")),
        ("h", _("a hint; each time one level more")),
        ("l", _("the list: type to filter, arrows and Enter to go there")),
        ("r", _("reset: the file as shipped; yours is kept")),
        ("s", _("the solution")),
        ("a", _("judge all exercises that you have started")),
        ("w", _("write the report of all exercises as HTML")),
        ("Enter", _("judge the file again; or back from a page like this one")),
        (_("arrows"), _("scroll; also j, k, PgUp, PgDn, Space, g, G")),
        ("Esc", _("back; stop judging all")),
        ("q", _("quit; what you wrote is in your files")),
    )
    return "\n".join(f"{key:<8}{what}" for key, what in rows)


def line_of(state: State) -> int:
    """The line to look at: where the first finding points, else where the work is to be done."""
    result, source = state.result, state.source
    if source is None:
        return 1
    lines = source.decode("utf-8", "replace").splitlines()
    if result is not None and state.judged.get(state.item.id) == source:
        for told in (result.message, *(check.message for check in result.failed)):
            for number in re.findall(r"\bline (\d+)", told):
                if 1 <= int(number) <= len(lines):
                    return int(number)
    return next(_places(lines, state.item.entries), 1)


def _places(lines: list[str], entries: tuple[str, ...]) -> Iterator[int]:
    yield from (n for n, line in enumerate(lines, 1) if "# TODO" in line)
    wanted = tuple(f"{word} {name}" for name in entries for word in ("def", "class"))
    yield from (n for n, line in enumerate(lines, 1) if line.startswith(wanted))
