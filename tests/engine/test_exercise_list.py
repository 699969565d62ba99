"""The list of exercises: bars, columns, narrow terminals, and terminals without Unicode."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from helpers import torchkata
from rich.cells import cell_len

from torchkata.i18n import ENGLISH_TRANSLATOR, Translator
from torchkata.report.console import Console
from torchkata.report.exercise_list import ListRow, print_list, progress_bar

ROWS = [
    ListRow(chapter="01_basics", number="01", name="make_tensors", state="passed", attempts=1),
    ListRow(
        chapter="01_basics",
        number="02",
        name="bridge",
        state="failed",
        attempts=1200,
        best={"a": {"ops": 3, "extra_bytes": 2048}, "b": {"ops": 1, "seconds_median": 6.2e-6}},
    ),
    ListRow(chapter="01_basics", number="03", name="fit", state="not graded yet", attempts=2),
    ListRow(chapter="12_long_chapter_name", number="01", name="x", state="todo"),
]


def english(_exercise_id: str) -> Translator:
    return ENGLISH_TRANSLATOR


def printed(rows: list[ListRow] = ROWS, *, width: int = 80, encoding: str = "utf-8") -> list[str]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    print_list(rows, Console(file, color=False, width=width), english)
    return raw.getvalue().decode(encoding).splitlines()


def test_list_has_bars_and_columns():
    """Chapters have progress bars; exercises have state, number, name, attempts and best costs."""
    assert printed() == [
        "01_basics             ████░░░░░░░░  1 of 3 passed",
        "  passed          01  make_tensors  1 attempt",
        "  failed          02  bridge        1,200 attempts  best: 1 op, 6.2 us",
        "  not graded yet  03  fit           2 attempts",
        "12_long_chapter_name  ░░░░░░░░░░░░  0 of 1 passed",
        "  todo            01  x",
        "4 exercises, 1 passed",
    ]


def test_ascii_stream_gets_ascii():
    """A stream that can't encode block characters gets ASCII bars."""
    lines = printed(encoding="ascii")

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
def test_narrow_terminals_omit_columns(width, first, third):
    """The last columns are omitted first, then the bar; all others fit."""
    lines = printed(width=width)

    assert first in lines[0]
    assert ("█" in lines[0]) is bool(first)
    assert lines[2].rstrip().endswith(third)
    assert max(map(cell_len, lines)) <= max(width, 37)


@pytest.mark.parametrize(
    ("done", "total", "full"), [(0, 8, 0), (1, 100, 1), (5, 8, 7), (99, 100, 11), (8, 8, 12)]
)
def test_bar_is_full_only_if_everything_is_done(done, total, full):
    """A single pass is visible, and so is a single missing one."""
    drawn, rest = progress_bar(done, total, 12, ascii_only=False)

    assert (len(drawn), len(rest)) == (full, 12 - full)


def test_empty_course_has_only_a_total():
    """Without exercises there are no bars."""
    assert printed([]) == ["0 exercises, 0 passed"]


def test_hostile_names_are_escaped():
    """Names of files in the course can't control the terminal."""
    lines = printed([ListRow(chapter="01_\x1b[2J", number="01", name="a\rb", state="\x1b[31m")])

    assert "\x1b" not in "".join(lines)
    assert "\r" not in "".join(lines)


def test_command_line_lists_attempts_and_best_costs(course: Path):
    """`list --chapter` shows a graded exercise."""
    (course / "exercises/01_mini/02_halve.py").write_text("def halve(x):\n    return x / 2\n")
    torchkata(course, "grade", "halve")

    lines = torchkata(course, "list", "--chapter", "1").stdout.splitlines()

    assert lines == [
        "01_mini  ██████░░░░░░  1 of 2 passed",
        "  todo    01  row_total",
        "  passed  02  halve      1 attempt  best: 1 op, 80 B extra",
        "2 exercises, 1 passed",
    ]


def test_damaged_progress_is_reported(course: Path):
    """The list is printed nevertheless, with a note on the file."""
    (course / ".torchkata").mkdir()
    (course / ".torchkata/progress.sqlite").write_text("broken " * 100)

    done = torchkata(course, "list")

    assert done.returncode == 0
    assert "4 exercises, 0 passed" in done.stdout
    assert "Only your history is lost" in done.stdout
