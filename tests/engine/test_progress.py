"""The progress file: what it remembers, and everything that may happen to it."""

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

from torchkata.course.catalogue import Course, Exercise, digest
from torchkata.learner.progress import Progress
from torchkata.result import ExerciseResult, CostRow, State

RIGHT = b"def halve(x):\n    return x / 2\n"
SCRIPTS = Path(__file__).parent / "scripts"


def result(state: State = State.PASSED, seconds: float = 1.0, **figures: float) -> ExerciseResult:
    """Halve, judged; its figures are those of one rung."""
    rungs = (
        CostRow(who="yours", case="usual (n=6)", figures=figures),
        CostRow(who="reference", case="usual (n=6)", figures={"ops": 1}),
    )
    return ExerciseResult(
        id="01_mini/02_halve",
        name="halve",
        chapter="01_mini",
        state=state,
        seconds=seconds,
        ladder=rungs if figures else (),
    )


@pytest.fixture
def exercise(course: Path) -> Exercise:
    return Course(course).one("halve")


@pytest.fixture
def progress(course: Path) -> Progress:
    return Progress(course)


def file_of(root: Path) -> Path:
    return root / ".torchkata" / "progress.sqlite"


# What it remembers


def test_nothing_is_known_at_first(progress: Progress, course: Path):
    """Looking at what nobody has written is no fault, and makes no file."""
    assert progress.entries() == {}
    assert progress.best("x") == {}
    assert progress.attempts("x") == ()
    assert progress.hint_level("x") == 0
    assert not progress.solution_seen("x")
    assert set(progress.states(Course(course)).values()) == {State.TODO}
    assert progress.notes == ()
    assert not (course / ".torchkata").exists()


def test_attempts_are_logged(progress: Progress, exercise: Exercise):
    """Every judging counts, with its time, state and seconds; the first pass is dated."""
    progress.record(exercise, result(State.FAILED, 0.5), b"wrong")
    assert progress.entries()[exercise.id].first_passed is None
    progress.record(exercise, result(State.PASSED, 1.5), RIGHT)
    first = progress.entries()[exercise.id].first_passed
    progress.record(exercise, result(State.PASSED, 2.5), RIGHT)

    log = progress.attempts(exercise.id)
    assert [(attempt.state, attempt.seconds) for attempt in log] == [
        ("failed", 0.5), ("passed", 1.5), ("passed", 2.5),
    ]  # fmt: skip
    assert first == log[1].at
    entry = progress.entries()[exercise.id]
    assert (entry.attempts, entry.state, entry.first_passed) == (3, "passed", first)
    assert entry.digest == digest(RIGHT)


def test_untouched_is_no_attempt(progress: Progress, exercise: Exercise, course: Path):
    """An exercise that nobody has begun leaves no trace; one that still raises todo does."""
    progress.record(exercise, result(State.TODO, 0.0), b"stub")
    assert not (course / ".torchkata").exists()
    progress.record(exercise, result(State.TODO, 0.3), b"thinking")
    assert len(progress.attempts(exercise.id)) == 1


def test_best_is_the_lowest_of_passes(progress: Progress, exercise: Exercise):
    """Per case and figure the lowest stays; a failed attempt is no best, however lean."""
    progress.record(exercise, result(ops=3, extra_bytes=64, seconds_median=4e-6), RIGHT)
    progress.record(exercise, result(ops=5, extra_bytes=32, seconds_median=3e-6, spam=1), RIGHT)
    progress.record(exercise, result(State.FAILED, ops=1, seconds_median=1e-9), b"wrong")

    best = progress.best(exercise.id)

    assert best == {"usual (n=6)": {"ops": 3, "extra_bytes": 32, "seconds_median": 3e-6}}


def test_states_follow_the_file(progress: Progress, exercise: Exercise, course: Path):
    """A state holds for the file that was judged, for no other one."""

    def state() -> str:
        return progress.states(Course(course))[exercise.id]

    exercise.stub_path.write_bytes(RIGHT)
    assert state() == "not judged yet"
    progress.record(exercise, result(), RIGHT)
    assert state() == "passed"
    exercise.stub_path.write_bytes(RIGHT + b"\n# more\n")
    assert state() == "not judged yet"
    exercise.stub_path.unlink()
    assert state() == "todo"


def test_hints_and_solutions_are_noted(progress: Progress, exercise: Exercise):
    """The highest hint counts, the solution stays seen; a hint alone is no attempt."""
    progress.note_hint(exercise.id, 2)
    progress.note_hint(exercise.id, 1)
    progress.note_solution(exercise.id)

    assert progress.hint_level(exercise.id) == 2
    assert progress.solution_seen(exercise.id)
    assert progress.attempts(exercise.id) == ()
    assert progress.entries()[exercise.id].attempts == 0


# What may happen to it


def test_moved_folder_keeps_its_progress(progress: Progress, exercise: Exercise, course: Path):
    """Nothing in the file says where the course lies."""
    exercise.stub_path.write_bytes(RIGHT)
    progress.record(exercise, result(ops=1), RIGHT)
    moved = course.rename(course.parent / "elsewhere")

    assert Progress(moved).states(Course(moved))[exercise.id] == "passed"
    assert Progress(moved).best(exercise.id) == {"usual (n=6)": {"ops": 1}}
    assert str(course.parent).encode() not in file_of(moved).read_bytes()


def test_deleting_loses_only_history(progress: Progress, exercise: Exercise, course: Path):
    """The file may go at any time, even while somebody holds a Progress; the next call goes on."""
    progress.record(exercise, result(), RIGHT)
    shutil.rmtree(course / ".torchkata")

    assert progress.entries() == {}
    progress.record(exercise, result(), RIGHT)
    assert progress.entries()[exercise.id].attempts == 1
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
    """A file that is damaged or not ours is kept under another name, said once, and left alone."""
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
        assert progress.entries() == {}
    progress.record(exercise, result(ops=2), RIGHT)
    progress.record(exercise, result(ops=2), RIGHT)

    assert progress.entries()[exercise.id].attempts == 2
    (aside,) = file.parent.glob("progress.broken-*.sqlite")
    assert aside.read_bytes() == before
    assert len(progress.notes) == 1
    assert aside.name in progress.notes[0]


@pytest.mark.parametrize("broken", [True, False])
def test_journal_is_not_played_into_a_new_file(course: Path, exercise: Exercise, broken):
    """A journal that stays behind, because its file broke or was deleted, harms no new one."""
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

    assert progress.entries()[exercise.id].attempts == 1
    assert progress.best(exercise.id) == {"usual (n=6)": {"ops": 7}}
    assert len(progress.notes) == broken
    assert not journal.exists()


def test_grading_goes_on_over_a_broken_file(course: Path):
    """A learner whose file is broken gets the verdict, and one sentence about the file."""
    file = file_of(course)
    file.parent.mkdir()
    file.write_bytes(os.urandom(5000))
    (course / "exercises/01_mini/02_halve.py").write_bytes(RIGHT)

    done = torchkata(course, "grade", "halve")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "only history is lost" in " ".join(done.stdout.split())
    assert Progress(course).entries()["01_mini/02_halve"].attempts == 1


def test_grading_goes_on_where_nothing_can_be_made(course: Path):
    """A file in place of the folder: the verdict comes, with a word on what is not kept."""
    (course / ".torchkata").write_text("in the way")
    (course / "exercises/01_mini/02_halve.py").write_bytes(RIGHT)

    done = torchkata(course, "grade", "halve")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Progress is not kept now" in " ".join(done.stdout.split())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="becomes another user in a child")
@pytest.mark.parametrize("known", [True, False])
def test_read_only_course(known):
    """In a folder that may only be read, what is known is read, and writing is no fault."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        done = _script("read_only.py", root, "known" if known else "new")
        root.chmod(0o755)
        (root / ".torchkata").exists() and (root / ".torchkata").chmod(0o755)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["before"] == told["after"] == (1 if known else 0)
    assert len(told["notes"]) == 1
    assert told["notes"][0].startswith("Progress is not kept now")


def test_old_states_are_taken_over_once(course: Path, exercise: Exercise):
    """The file of versions before this one is read once, then gone; a damaged one is ignored."""
    old = course / ".torchkata/states.json"
    old.parent.mkdir()
    exercise.stub_path.write_bytes(RIGHT)
    old.write_text(json.dumps({exercise.id: {"state": "passed", "digest": digest(RIGHT)}}))

    assert Progress(course).states(Course(course))[exercise.id] == "passed"
    assert not old.exists()
    Progress(course).record(exercise, result(State.FAILED), RIGHT)
    assert Progress(course).states(Course(course))[exercise.id] == "failed"
    assert Progress(course).entries()[exercise.id].attempts == 1


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": {"state": 1}}', "\0"])
def test_damaged_old_states_are_ignored(course: Path, exercise: Exercise, text):
    """Whatever lies there under the old name, grading goes on."""
    old = course / ".torchkata/states.json"
    old.parent.mkdir()
    old.write_text(text)

    progress = Progress(course)

    assert progress.entries() == {}
    progress.record(exercise, result(), RIGHT)
    assert progress.notes == ()


# Crashes and company


def _script(name: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPTS / name), *map(str, words)],
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
    """40 writers killed at random moments: no record that was done is lost, none is there half."""
    done = _script("killed_writers.py", folder, 40)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["notes"] == []
    assert told["journals"] > 0, "no kill hit a write: this test has tested nothing"
    assert told["lost"] == 0
    assert told["torn"] == 0
    assert told["integrity"] == "ok"


def test_two_judges_at_once(folder: Path):
    """Four processes that write at the same time: each record is there, and nobody hears of it."""
    done = _script("many_writers.py", folder, 4, 50)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {"attempts": 200, "log": 200, "notes": [], "broken": 0}


def test_two_judges_over_a_broken_file(folder: Path):
    """When several find the same broken file, one moves it aside, and none the new one."""
    (folder / ".torchkata").mkdir()
    file_of(folder).write_bytes(b"broken" * 2000)

    told = json.loads(_script("many_writers.py", folder, 4, 20).stdout)

    assert (told["attempts"], told["log"], told["broken"]) == (80, 80, 1)
