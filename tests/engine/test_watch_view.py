"""Watch mode's screens compared with golden files, keys by their bytes, and the file watcher."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import wait_for

from torchkata.course.catalogue import Course
from torchkata.i18n import EMPTY, Message, Translator, _
from torchkata.result import CheckResult, CostRow, ExerciseResult, State, Verdict
from torchkata.watch import file_watcher
from torchkata.watch.events import Page
from torchkata.watch.key_parser import parse
from torchkata.watch.layout import frame, row_count
from torchkata.watch.pages import page_lines
from torchkata.watch.state import Job, ListedExercise, Question, WatchState
from torchkata.watch.view import TerminalCaps, View

GOLDEN = Path(__file__).parent / "golden" / "watch"
IDS = ("04_operators/01_slice", "04_operators/03_row_sum_fast", "05_compilation/01_vmap")
SOURCE = (
    b"def row_sum(x):\n    total = 0\n    for row in x:\n        total += row\n    return total\n"
)
COST_TABLE = tuple(
    CostRow(
        who=who,
        case=Message("timed (n=500, d=10)"),
        metrics={"seconds_median": time, "ops": ops},
    )
    for who, time, ops in (
        ("slicing loop", 7.6e-4, 1001), ("yours", 7.5e-4, 1001), ("reference", 2.7e-6, 1),
    )
)  # fmt: skip


def failed() -> ExerciseResult:
    checks = tuple(
        CheckResult(
            id=f"row_sum_fast::{axis}",
            axis=axis,
            verdict=Verdict.FAILED,
            code=axis,
            message=Message(text),
            line=line,
        )
        for axis, line, text in (
            ("device", 4, "It raised RuntimeError (line 4): two devices. Create it where x is."),
            ("ops", 3, "1,001 ops, limit 2: 500 x select, 500 x add_."),
        )
    )
    return ExerciseResult(
        id=IDS[1], name="row_sum_fast", chapter="04_operators", state=State.FAILED,
        message=_("{count} checks failed.", count=2), seconds=0.31,
        checks=checks, output="hello \x1b[31m wörld\n", cost_table=COST_TABLE,
    )  # fmt: skip


def watch_state(**fields) -> WatchState:
    exercises = tuple(
        ListedExercise(
            id=id_,
            name=id_.partition("/")[2][3:],
            chapter=id_.partition("/")[0],
            file=f"exercises/{id_}.py",
        )
        for id_ in IDS
    )
    state = WatchState(
        exercises=exercises,
        states=dict(zip(IDS, ("passed", "failed", "todo"), strict=True)),
        index=1,
        file_read=True,
        source=SOURCE,
        results={IDS[1]: failed()},
        graded_sources={IDS[1]: SOURCE},
    )
    return replace(state, **fields)


SCREENS = {
    "failed_80x24": (watch_state(), View()),
    "failed_40x12": (watch_state(size=(40, 12)), View()),
    "failed_ascii": (watch_state(), View(caps=TerminalCaps(encoding="ascii"))),
    "failed_color": (watch_state(), View(caps=TerminalCaps(color=True))),
    "failed_dumb": (watch_state(), View(caps=TerminalCaps(scrolls_only=True))),
    "grading": (watch_state(job=Job(number=1, exercise_id=IDS[1], axis="speed")), View()),
    "tiny_20x5": (watch_state(size=(20, 5)), View()),
    "task": (
        watch_state(
            index=2,
            results={},
            graded_sources={},
            statement=(Message("Compilation 01: vmap."), Message("Task\n    Map it.")),
        ),
        View(),
    ),
    "gone": (watch_state(source=None), View()),
    "passed": (
        watch_state(
            states=dict.fromkeys(IDS[:2], "passed") | {IDS[2]: "todo"},
            results={IDS[1]: replace(failed(), state=State.PASSED, checks=(), message=EMPTY)},
        ),
        View(),
    ),
    "reset": (watch_state(question=Question.RESET), View()),
    "list": (watch_state(page=Page.LIST, filter="0", cursor=1), View()),
    "list_empty": (watch_state(page=Page.LIST, filter="xyz"), View()),
    "keys": (watch_state(page=Page.KEYS), View()),
    "all": (
        watch_state(
            page=Page.ALL,
            finished=IDS[:1],
            queue=IDS[2:],
            job=Job(number=2, exercise_id=IDS[1], background=True),
        ),
        View(),
    ),
}


@pytest.mark.parametrize("name", SCREENS)
def test_golden(name: str):
    """Each screen equals its golden file, fills its rows, and keeps the file's path visible."""
    state, view = SCREENS[name]
    lines = frame(state, view)
    path = GOLDEN / f"{name}.txt"
    text = "\n".join(line.replace("\x1b", "␛") for line in lines) + "\n"
    if os.environ.get("TORCHKATA_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8")
    columns, height = state.size
    if not view.caps.scrolls_only:
        assert sum(row_count(line, columns) for line in lines) == height
    assert any(line.startswith(f"{state.exercise.file}:") for line in lines[-3:])
    assert ("\x1b" in "".join(lines)) == view.caps.color
    assert view.caps.encoding != "ascii" or "".join(lines).isascii()


@pytest.mark.parametrize("columns", [10, 20, 33, 40, 59, 60, 80, 132])
@pytest.mark.parametrize("height", [1, 3, 5, 8, 10, 12, 24, 50])
def test_screen_never_exceeds_the_window(columns: int, height: int):
    """Whatever the window's size, the screen takes no more rows than it has."""
    for state, view in SCREENS.values():
        if view.caps.scrolls_only:
            continue
        sized = replace(state, size=(columns, height), scroll=10_000)
        lines = frame(sized, view)
        taken = sum(row_count(line, columns) for line in lines)
        assert taken <= height or len(lines) == 1, (columns, height, lines)


def test_long_pages_scroll_to_their_end():
    """The first and the last line of a page can be reached."""
    statement = (Message("\n".join(f"line {n}" for n in range(100))),)
    top, end = (
        frame(watch_state(statement=statement, scroll=scroll), View()) for scroll in (0, 10_000)
    )

    assert "line 0" in top
    assert "line 99" in end
    assert any("100 of 100 lines" in line for line in end)


def test_screen_is_shown_in_the_language_of_the_view():
    """Messages of the state are data; the view's translator of the exercise renders them."""
    translations = {"Compilation 01: vmap.": "编译 01 vmap。"}

    def localize(exercise_id: str) -> Translator:
        return Translator("zh-CN", translations if exercise_id == IDS[2] else None)

    state, _view = SCREENS["task"]
    text = "\n".join(frame(state, View(localize=localize)))

    assert "编译 01 vmap。" in text
    assert "Map it." in text, "what has no translation stays English"
    assert "Write your solution" in "\n".join(frame(state, View()))


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"nq?", ["n", "q", "?"]),
        (b"\r\n", ["enter", "enter"]),
        (b"\x7f\x08", ["backspace", "backspace"]),
        (b"\x1b[A\x1b[B\x1bOC\x1b[D", ["up", "down", "right", "left"]),
        (b"\x1b[5~\x1b[6~\x1b[H\x1b[4~", ["page up", "page down", "home", "end"]),
        (b"\x1b[1;5A\x1b[200~n\x1b[15~", ["n"]),
        ("é中".encode(), ["é", "中"]),
        (b"\x01\x02n\xff", ["n", "\ufffd"]),
    ],
)
def test_keys_by_their_bytes(data: bytes, names: list[str]):
    """Each key has one name; unknown keys are dropped."""
    assert parse(data) == (names, b"")


def test_keys_in_pieces():
    """The bytes of one key may arrive in several pieces; a lone escape is the Escape key."""
    for whole, name in ((b"\x1b[5~", "page up"), ("中".encode(), "中")):
        for cut in range(1, len(whole)):
            names, rest = parse(whole[:cut])
            assert names == []
            assert parse(rest + whole[cut:]) == ([name], b"")
    assert parse(b"\x1b") == ([], b"\x1b")
    assert parse(b"\x1b", complete=True) == (["escape"], b"")


def test_polls_seldom_only_while_events_arrive(tmp_path: Path):
    """A change without an event makes it poll often again."""
    now = [0.0]
    file = tmp_path / "x.py"
    file.write_text("1")
    watcher = file_watcher.PollingWatcher(now=lambda: now[0])
    watcher.follow(file)
    assert watcher.polls_often
    assert not watcher.poll()

    watcher.on_event()
    now[0] = 0.2
    assert not watcher.poll()
    assert not watcher.polls_often
    assert watcher.wait == pytest.approx(1.0)

    file.write_text("22")
    assert not watcher.poll(), "it is not time yet"
    now[0] = 5.0
    assert watcher.poll()
    assert watcher.polls_often
    assert watcher.wait == pytest.approx(0.1)
    file.unlink()
    now[0] = 5.2
    assert watcher.poll()


def test_file_events_are_reported(tmp_path: Path):
    """A save in the folder is reported within a moment."""
    changed, stop = threading.Event(), threading.Event()
    thread = file_watcher.watch_events(tmp_path, changed.set, stop)

    def save() -> bool:
        (tmp_path / "x.py").write_text("1")
        return changed.wait(0.2)

    assert wait_for(save, 10)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_folder_without_events_is_not_an_error(tmp_path: Path):
    """If nothing can be watched, the thread ends without an error."""
    thread = file_watcher.watch_events(tmp_path / "absent", lambda: None, threading.Event())
    thread.join(5)
    assert not thread.is_alive()


def test_read_file(course: Path):
    """An original stub has a statement; a file that is missing or too large is reported."""
    exercise = Course(course).one("halve")
    assert str(file_watcher.read_file(exercise).statement[0]).startswith("Mini 02: halve.")
    exercise.stub_path.write_bytes(b"x = 1\n")
    read = file_watcher.read_file(exercise)
    assert (read.source, read.statement) == (b"x = 1\n", ())
    exercise.stub_path.write_bytes(b"#" * (1 << 21))
    assert "1 MiB" in str(file_watcher.read_file(exercise).fault)
    exercise.stub_path.unlink()
    assert file_watcher.read_file(exercise).source is None


STATEMENT = """\
Task
    The lines of a paragraph are as long as its author's window, so the last word does not fit the
    line any more. A narrow screen breaks them anew, as one paragraph.
    A short line ends one.

        code(x)  # a long line of code stays as it is, whatever its width may be, and whatever comes
            y = after(it)

Shapes
    x    [n]    a table
    y    [n]    stays one"""


def test_statement_is_wrapped_by_paragraphs():
    """On a narrow screen, lines of prose are joined before they are broken, but no others."""
    parts = tuple(map(Message, STATEMENT.split("\n\n")))
    lines, _focus = page_lines(watch_state(statement=parts, size=(60, 40)), View())

    assert lines[:6] == [
        "Task",
        "    The lines of a paragraph are as long as its author's",
        "    window, so the last word does not fit the line any more.",
        "    A narrow screen breaks them anew, as one paragraph.",
        "    A short line ends one.",
        "",
    ]
    assert lines[-3:] == ["Shapes", "    x    [n]    a table", "    y    [n]    stays one"]
