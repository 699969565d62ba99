"""The loop's screens against golden ones, its keys by their bytes, its looks at files."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import wait_for

from torchkata.course.catalogue import Course
from torchkata.result import CheckResult, ExerciseResult, CostRow, Verdict
from torchkata.result import State as Outcome
from torchkata.watch import file_watcher
from torchkata.watch.events import Page
from torchkata.watch.key_parser import parse
from torchkata.watch.layout import frame, rows
from torchkata.watch.pages import Look
from torchkata.watch.state import Item, Job, Question, State

GOLDEN = Path(__file__).parent / "golden" / "watch"
IDS = ("04_operators/01_slice", "04_operators/03_row_sum_fast", "05_compilation/01_vmap")
SOURCE = (
    b"def row_sum(x):\n    total = 0\n    for row in x:\n        total += row\n    return total\n"
)
LADDER = tuple(
    CostRow(who=who, case="timed (n=500, d=10)", figures={"seconds_median": time, "ops": ops})
    for who, time, ops in (
        ("slicing loop", 7.6e-4, 1001), ("yours", 7.5e-4, 1001), ("reference", 2.7e-6, 1),
    )
)  # fmt: skip


def failed() -> ExerciseResult:
    checks = tuple(
        CheckResult(id=f"row_sum_fast::{axis}", axis=axis, verdict=Verdict.FAILED, message=text)
        for axis, text in (
            ("device", "It raised RuntimeError (line 4): two devices. Create it where x is."),
            ("ops", "1,001 ops: 500 x select, 500 x add_; at most 2 are allowed."),
        )
    )
    return ExerciseResult(
        id=IDS[1], name="row_sum_fast", chapter="04_operators", state=Outcome.FAILED,
        message="2 checks failed; mend the first one first.", seconds=0.31, checks=checks,
        output="hello \x1b[31m wörld\n", ladder=LADDER,
    )  # fmt: skip


def state(**more) -> State:
    items = tuple(
        Item(
            id=id_,
            name=id_.partition("/")[2][3:],
            chapter=id_.partition("/")[0],
            file=f"exercises/{id_}.py",
        )
        for id_ in IDS
    )
    known = State(
        items=items,
        states=dict(zip(IDS, ("passed", "failed", "todo"), strict=True)),
        at=1,
        looked=True,
        source=SOURCE,
        results={IDS[1]: failed()},
        judged={IDS[1]: SOURCE},
    )
    return replace(known, **more)


SCREENS = {
    "failed_80x24": (state(), Look()),
    "failed_40x12": (state(size=(40, 12)), Look()),
    "failed_ascii": (state(), Look(encoding="ascii")),
    "failed_color": (state(), Look(color=True)),
    "failed_dumb": (state(), Look(tall=True)),
    "judging": (state(job=Job(turn=1, id=IDS[1], check="speed")), Look()),
    "tiny_20x5": (state(size=(20, 5)), Look()),
    "task": (
        state(at=2, results={}, judged={}, text="Compilation 01: vmap.\n\nTask\n    Map it."),
        Look(),
    ),
    "gone": (state(source=None), Look()),
    "passed": (
        state(
            states=dict.fromkeys(IDS[:2], "passed") | {IDS[2]: "todo"},
            results={IDS[1]: replace(failed(), state=Outcome.PASSED, checks=(), message="")},
        ),
        Look(),
    ),
    "reset": (state(question=Question.RESET), Look()),
    "list": (state(page=Page.LIST, filter="0", cursor=1), Look()),
    "list_empty": (state(page=Page.LIST, filter="xyz"), Look()),
    "keys": (state(page=Page.KEYS), Look()),
    "all": (
        state(page=Page.ALL, done=IDS[:1], queue=IDS[2:], job=Job(turn=2, id=IDS[1], quiet=True)),
        Look(),
    ),
}


@pytest.mark.parametrize("name", SCREENS)
def test_golden(name: str):
    """Each screen reads as its golden file, fills its rows, and keeps the file in sight."""
    known, look = SCREENS[name]
    lines = frame(known, look)
    path = GOLDEN / f"{name}.txt"
    text = "\n".join(line.replace("\x1b", "␛") for line in lines) + "\n"
    if os.environ.get("TORCHKATA_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8")
    columns, height = known.size
    if not look.tall:
        assert sum(rows(line, columns) for line in lines) == height
    assert any(line.startswith(f"{known.item.file}:") for line in lines[-3:])
    assert ("\x1b" in "".join(lines)) == look.color
    assert look.encoding != "ascii" or "".join(lines).isascii()


@pytest.mark.parametrize("columns", [10, 20, 33, 40, 59, 60, 80, 132])
@pytest.mark.parametrize("height", [1, 3, 5, 8, 10, 12, 24, 50])
def test_every_size_is_filled_and_never_overrun(columns: int, height: int):
    """Whatever the window's size, the screen takes no more rows, and ends with file or keys."""
    for known, look in SCREENS.values():
        if look.tall:
            continue
        sized = replace(known, size=(columns, height), scroll=10_000)
        lines = frame(sized, look)
        taken = sum(rows(line, columns) for line in lines)
        assert taken <= height or len(lines) == 1, (columns, height, lines)


def test_long_verdicts_scroll_to_their_end():
    """The last line of a page can be reached, the first one too."""
    text = "\n".join(f"line {n}" for n in range(100))
    top, end = (frame(state(text=text, scroll=place), Look()) for place in (0, 10_000))

    assert "line 0" in top
    assert "line 99" in end
    assert any("100 of 100 lines" in line for line in end)


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
    """Each key has one name; what has none is dropped."""
    assert parse(data) == (names, b"")


def test_keys_in_pieces():
    """The bytes of one key may come in several pieces; a lone escape is a key of its own."""
    for whole, name in ((b"\x1b[5~", "page up"), ("中".encode(), "中")):
        for cut in range(1, len(whole)):
            names, rest = parse(whole[:cut])
            assert names == []
            assert parse(rest + whole[cut:]) == ([name], b"")
    assert parse(b"\x1b") == ([], b"\x1b")
    assert parse(b"\x1b", last=True) == (["escape"], b"")


def test_looks_are_seldom_only_while_events_arrive(tmp_path: Path):
    """A change that no event told of makes the looking frequent again."""
    now = [0.0]
    file = tmp_path / "x.py"
    file.write_text("1")
    looker = file_watcher.Looker(now=lambda: now[0])
    looker.follow(file)
    assert looker.often
    assert not looker.due()

    looker.told()
    now[0] = 0.2
    assert not looker.due()
    assert not looker.often
    assert looker.wait == pytest.approx(1.0)

    file.write_text("22")
    assert not looker.due(), "not before its time"
    now[0] = 5.0
    assert looker.due()
    assert looker.often
    assert looker.wait == pytest.approx(0.1)
    file.unlink()
    now[0] = 5.2
    assert looker.due()


def test_events_are_told(tmp_path: Path):
    """A save below the folder is told within a moment."""
    told, stop = threading.Event(), threading.Event()
    thread = file_watcher.events(tmp_path, told.set, stop)

    def saved() -> bool:
        (tmp_path / "x.py").write_text("1")
        return told.wait(0.2)

    assert wait_for(saved, 10)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_folder_without_events_is_no_error(tmp_path: Path):
    """Where nothing can be watched, the thread ends quietly."""
    thread = file_watcher.events(tmp_path / "absent", lambda: None, threading.Event())
    thread.join(5)
    assert not thread.is_alive()


def test_look_at_files(course: Path):
    """A shipped file comes with its statement; one that is gone or too large says so."""
    exercise = Course(course).one("halve")
    assert file_watcher.look(exercise).text.startswith("Mini 02: halve.")
    exercise.stub_path.write_bytes(b"x = 1\n")
    assert (file_watcher.look(exercise).source, file_watcher.look(exercise).text) == (
        b"x = 1\n",
        "",
    )
    exercise.stub_path.write_bytes(b"#" * (1 << 21))
    assert "1 MiB" in file_watcher.look(exercise).fault
    exercise.stub_path.unlink()
    assert file_watcher.look(exercise).source is None
