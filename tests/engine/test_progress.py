"""The progress file: what it records, and how it survives everything that may happen to it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import torchkata

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.stub_digest import digest
from torchkata.i18n import Message
from torchkata.learner.progress import ExerciseProgress, Progress
from torchkata.result import CostRow, ExerciseResult, State

RIGHT = b"def halve(x):\n    return x / 2\n"
SCRIPTS = Path(__file__).parent / "scripts"


def result(state: State = State.PASSED, seconds: float = 1.0, **metrics: float) -> ExerciseResult:
    """Return a result of the exercise halve, with these metrics in its cost table."""
    case = Message("usual (n=6)")
    rows = (
        CostRow(who="yours", case=case, metrics=metrics),
        CostRow(who="reference", case=case, metrics={"ops": 1}),
    )
    return ExerciseResult(
        id="01_mini/02_halve",
        name="halve",
        chapter="01_mini",
        state=state,
        seconds=seconds,
        cost_table=rows if metrics else (),
    )


@pytest.fixture
def exercise(course: Path) -> Exercise:
    return Course(course).one("halve")


@pytest.fixture
def progress(course: Path) -> Progress:
    return Progress(course)


def file_of(root: Path) -> Path:
    return root / ".torchkata" / "progress.sqlite"


# What it records


def test_nothing_is_known_at_first(progress: Progress, course: Path):
    """Reading without a file is not an error, and creates none."""
    assert progress.exercises() == {}
    assert progress.exercise("x") == ExerciseProgress()
    assert progress.best("x") == {}
    assert set(progress.states(Course(course)).values()) == {State.TODO}
    assert progress.notes == ()
    assert not (course / ".torchkata").exists()


def test_attempts_are_counted(progress: Progress, exercise: Exercise):
    """Every grading counts; state and digest are those of the last one."""
    progress.record(exercise, result(State.PASSED), RIGHT)
    progress.record(exercise, result(State.PASSED), RIGHT)
    progress.record(exercise, result(State.FAILED), b"wrong")

    known = progress.exercise(exercise.id)
    assert (known.attempts, known.state) == (3, "failed")
    assert known.digest == digest(b"wrong")


def test_untouched_stub_is_no_attempt(progress: Progress, exercise: Exercise, course: Path):
    """An untouched stub is not recorded; a started file that is still to do is."""
    progress.record(exercise, result(State.TODO, 0.0), b"stub")
    assert not (course / ".torchkata").exists()
    progress.record(exercise, result(State.TODO, 0.3), b"thinking")
    assert progress.exercise(exercise.id).attempts == 1


def test_other_sources_count_but_leave_the_state(progress: Progress, exercise: Exercise):
    """A notebook cell is an attempt; the state stays that of the file in exercises/."""
    progress.record(exercise, result(State.PASSED), RIGHT)
    progress.record(exercise, result(State.FAILED), b"cell", own_file=False)

    known = progress.exercise(exercise.id)
    assert (known.attempts, known.state, known.digest) == (2, "passed", digest(RIGHT))


def test_best_is_the_lowest_of_passes(progress: Progress, exercise: Exercise):
    """The lowest value of each metric is kept by case; failed attempts do not count."""
    progress.record(exercise, result(ops=3, extra_bytes=64, seconds_median=4e-6), RIGHT)
    progress.record(exercise, result(ops=5, extra_bytes=32, seconds_median=3e-6, spam=1), RIGHT)
    progress.record(exercise, result(State.FAILED, ops=1, seconds_median=1e-9), b"wrong")

    best = progress.best(exercise.id)

    assert best == {"usual (n=6)": {"ops": 3, "extra_bytes": 32, "seconds_median": 3e-6}}


def test_states_follow_the_file(progress: Progress, exercise: Exercise, course: Path):
    """A state is that of the file that was graded, not of a changed one."""

    def state() -> str:
        return progress.states(Course(course))[exercise.id]

    exercise.stub_path.write_bytes(RIGHT)
    assert state() == "not graded yet"
    progress.record(exercise, result(), RIGHT)
    assert state() == "passed"
    exercise.stub_path.write_bytes(RIGHT + b"\n# more\n")
    assert state() == "not graded yet"
    exercise.stub_path.unlink()
    assert state() == "todo"


def test_hints_and_solutions_are_recorded(progress: Progress, exercise: Exercise):
    """The highest hint counts, the solution stays seen; a hint is no attempt."""
    progress.record_hint(exercise.id, 2)
    progress.record_hint(exercise.id, 1)
    progress.record_solution_seen(exercise.id)

    known = progress.exercise(exercise.id)
    assert (known.hint_level, known.solution_seen, known.attempts) == (2, True, 0)


# What may happen to it


def test_moved_folder_keeps_its_progress(progress: Progress, exercise: Exercise, course: Path):
    """The file does not depend on the path of the course."""
    exercise.stub_path.write_bytes(RIGHT)
    progress.record(exercise, result(ops=1), RIGHT)
    moved = course.rename(course.parent / "elsewhere")

    assert Progress(moved).states(Course(moved))[exercise.id] == "passed"
    assert Progress(moved).best(exercise.id) == {"usual (n=6)": {"ops": 1}}
    assert str(course.parent).encode() not in file_of(moved).read_bytes()


def test_deleting_loses_only_history(progress: Progress, exercise: Exercise, course: Path):
    """The file may be deleted at any time, even while a Progress exists; the next call goes on."""
    progress.record(exercise, result(), RIGHT)
    shutil.rmtree(course / ".torchkata")

    assert progress.exercises() == {}
    progress.record(exercise, result(), RIGHT)
    assert progress.exercise(exercise.id).attempts == 1
    assert progress.notes == ()


def _foreign(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE songs (name)")
    db.close()


def _later(file: Path) -> None:
    db = sqlite3.connect(file)
    db.execute("PRAGMA user_version = 99")
    db.close()


def _hole(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096 : 4096 * 3] = bytes(range(256)) * 32
    file.write_bytes(content)


DAMAGE = {
    "text": lambda file: file.write_text("not a database " * 1000),
    "cut": lambda file: os.truncate(file, file.stat().st_size // 2),
    "hole": _hole,
    "header": lambda file: os.truncate(file, 100),
    "later version": _later,
    "table gone": lambda file: _run(file, "DROP TABLE bests"),
}


def _run(file: Path, statement: str) -> None:
    db = sqlite3.connect(file)
    db.execute(statement)
    db.commit()
    db.close()


@pytest.mark.parametrize("how", [*DAMAGE, "foreign"])
@pytest.mark.parametrize("first", ["read", "write"])
def test_broken_file_is_moved_aside(course: Path, exercise: Exercise, how, first):
    """A damaged or foreign file is renamed, reported once, and not modified."""
    file = file_of(course)
    if how == "foreign":
        file.parent.mkdir()
        _foreign(file)
    else:
        Progress(course).record(exercise, result(ops=1), RIGHT)
        DAMAGE[how](file)
    before = file.read_bytes()
    progress = Progress(course)

    if first == "read":
        assert progress.exercises() == {}
    progress.record(exercise, result(ops=2), RIGHT)
    progress.record(exercise, result(ops=2), RIGHT)

    assert progress.exercise(exercise.id).attempts == 2
    (aside,) = file.parent.glob("progress.broken-*.sqlite")
    assert aside.read_bytes() == before
    assert len(progress.notes) == 1
    assert aside.name in str(progress.notes[0])


@pytest.mark.parametrize("broken", [True, False])
def test_journal_is_not_applied_to_a_new_file(course: Path, exercise: Exercise, broken):
    """A leftover journal, whose file broke or was deleted, does not damage the new file."""
    Progress(course).record(exercise, result(ops=1), RIGHT)
    file = file_of(course)
    journal = file.with_name(file.name + "-journal")
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    db.execute("DELETE FROM exercises")
    db.execute("PRAGMA cache_spill = 1")
    left = journal.read_bytes()
    db.execute("ROLLBACK")
    db.close()
    assert left
    journal.write_bytes(left)
    file.unlink()
    if broken:
        file.write_text("not a database " * 1000)

    progress = Progress(course)
    progress.record(exercise, result(ops=7), RIGHT)

    assert progress.exercise(exercise.id).attempts == 1
    assert progress.best(exercise.id) == {"usual (n=6)": {"ops": 7}}
    assert len(progress.notes) == broken
    assert not journal.exists()


def test_grading_goes_on_over_a_broken_file(course: Path):
    """With a broken file the learner gets the result, and a note on the file."""
    file = file_of(course)
    file.parent.mkdir()
    file.write_bytes(os.urandom(5000))
    (course / "exercises/01_mini/02_halve.py").write_bytes(RIGHT)

    done = torchkata(course, "grade", "halve")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "Only your history is lost" in " ".join(done.stdout.split())
    assert Progress(course).exercise("01_mini/02_halve").attempts == 1


def test_grading_goes_on_if_no_folder_can_be_created(course: Path):
    """With a file in place of the folder the learner gets the result, and a note."""
    (course / ".torchkata").write_text("in the way")
    (course / "exercises/01_mini/02_halve.py").write_bytes(RIGHT)

    done = torchkata(course, "grade", "halve")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Progress is not saved" in " ".join(done.stdout.split())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="becomes another user in a child")
@pytest.mark.parametrize("known", [True, False])
def test_read_only_course(known):
    """In a read-only folder, known progress is read, and failed writes are not errors."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        done = _script("read_only.py", root, "known" if known else "new")
        root.chmod(0o755)
        (root / ".torchkata").exists() and (root / ".torchkata").chmod(0o755)

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["before"] == report["after"] == (1 if known else 0)
    assert len(report["notes"]) == 1
    assert report["notes"][0].startswith("Progress is not saved")


# Crashes and concurrent writers


def _script(name: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPTS / name), *map(str, words)],
        env={name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "root"
    root.mkdir()
    yield root


def test_survives_kills_in_mid_write(folder: Path):
    """After 40 writers were killed at random, no finished record is lost and none is partial."""
    done = _script("killed_writers.py", folder, 40)

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["notes"] == []
    assert report["journals"] > 0, "no kill interrupted a write, so this test has tested nothing"
    assert report["lost"] == 0
    assert report["torn"] == 0
    assert report["integrity"] == "ok"


def test_concurrent_writers_lose_nothing(folder: Path):
    """Four processes write at the same time: all records are kept, without a note."""
    done = _script("many_writers.py", folder, 4, 50)

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report == {"attempts": 200, "best": 9801.0, "notes": [], "broken": 0}


def test_concurrent_writers_replace_a_broken_file_once(folder: Path):
    """If several processes find the same broken file, one renames it, and none the new one."""
    (folder / ".torchkata").mkdir()
    file_of(folder).write_bytes(b"broken" * 2000)

    report = json.loads(_script("many_writers.py", folder, 4, 20).stdout)

    assert (report["attempts"], report["broken"]) == (80, 1)
