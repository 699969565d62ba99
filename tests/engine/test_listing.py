"""The list of exercises: bars, columns, narrow screens and screens of ASCII."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from helpers import torchkata
from rich.cells import cell_len

from torchkata.report.console import Screen
from torchkata.report.exercise_list import Row, bar, show

ROWS = [
    Row(chapter="01_basics", name="make_tensors", state="passed", attempts=1),
    Row(
        chapter="01_basics",
        name="bridge",
        state="failed",
        attempts=1200,
        best={"a": {"ops": 3, "extra_bytes": 2048}, "b": {"ops": 1, "seconds_median": 6.2e-6}},
    ),
    Row(chapter="01_basics", name="fit", state="not judged yet", attempts=2),
    Row(chapter="12_long_chapter_name", name="x", state="todo"),
]


def shown(rows: list[Row] = ROWS, *, width: int = 80, encoding: str = "utf-8") -> list[str]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    show(rows, Screen(file, color=False, width=width))
    return raw.getvalue().decode(encoding).splitlines()


def test_chapters_have_bars_and_exercises_their_columns():
    """The whole list, as it is meant to look."""
    assert shown() == [
        "01_basics             ████░░░░░░░░  1 of 3 passed",
        "  passed          make_tensors  1 attempt",
        "  failed          bridge        1,200 attempts  best: 1 op, 6.2 us",
        "  not judged yet  fit           2 attempts",
        "12_long_chapter_name  ░░░░░░░░░░░░  0 of 1 passed",
        "  todo            x",
        "4 exercises, 1 passed",
    ]


def test_ascii_screens_get_ascii():
    """A stream that knows no blocks gets signs that it knows."""
    lines = shown(encoding="ascii")

    assert lines[0] == "01_basics             ####--------  1 of 3 passed"
    assert "\\u" not in "".join(lines)


@pytest.mark.parametrize(
    ("width", "first", "third"),
    [
        (60, "████░░░░░░░░", "bridge        1,200 attempts"),
        (44, "█░░░░", "bridge"),
        (36, "", "bridge"),
    ],
)
def test_narrow_screens_leave_columns_out(width, first, third):
    """The last columns go first, then the bar; what stays is within the width."""
    lines = shown(width=width)

    assert first in lines[0]
    assert ("█" in lines[0]) is bool(first)
    assert lines[2].rstrip().endswith(third)
    assert max(map(cell_len, lines)) <= max(width, 37)


@pytest.mark.parametrize(
    ("done", "total", "full"), [(0, 8, 0), (1, 100, 1), (5, 8, 7), (99, 100, 11), (8, 8, 12)]
)
def test_bar_is_full_only_when_all_is_done(done, total, full):
    """One pass of many shows, and one that is missing too."""
    drawn, rest = bar(done, total, 12, plain=False)

    assert (len(drawn), len(rest)) == (full, 12 - full)


def test_empty_course_is_listed():
    """No exercises, no bars."""
    assert shown([]) == ["0 exercises, 0 passed"]


def test_hostile_names_are_escaped():
    """What a file in the course is called cannot steer the terminal."""
    lines = shown([Row(chapter="01_\x1b[2J", name="a\rb", state="\x1b[31m")])

    assert "\x1b" not in "".join(lines)
    assert "\r" not in "".join(lines)


def test_learner_sees_attempts_and_bests(course: Path):
    """From the command line, after grading, of one chapter."""
    (course / "exercises/01_mini/02_halve.py").write_text("def halve(x):\n    return x / 2\n")
    torchkata(course, "grade", "halve")

    lines = torchkata(course, "list", "--chapter", "1").stdout.splitlines()

    assert lines == [
        "01_mini  ██████░░░░░░  1 of 2 passed",
        "  todo    row_total",
        "  passed  halve      1 attempt  best: 1 op, 80 B extra",
        "2 exercises, 1 passed",
    ]


def test_broken_progress_is_told(course: Path):
    """The list comes all the same, with one sentence on the file."""
    (course / ".torchkata").mkdir()
    (course / ".torchkata/progress.sqlite").write_text("broken " * 100)

    done = torchkata(course, "list")

    assert done.returncode == 0
    assert "4 exercises, 0 passed" in done.stdout
    assert "only history is lost" in done.stdout
