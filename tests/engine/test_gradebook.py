"""The gradebook: every answer once, nothing lost or judged twice, tables that can be trusted."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from helpers import torchkata, wait_for

from torchkata.course.catalogue import Course
from torchkata.errors import KataError, UsageError
from torchkata.instructor.gradebook import csv_export, local_pool
from torchkata.instructor.gradebook.db import Book
from torchkata.instructor.gradebook.grade_class import FILE, grade_class, on_this_machine, replay
from torchkata.instructor.gradebook.grade_class import grade_class as gradebook
from torchkata.instructor.gradebook.local_pool import graded
from torchkata.instructor.gradebook.redaction import summary
from torchkata.instructor.gradebook.task import Outcome, Task, outcome
from torchkata.result import ExerciseResult, State
from torchkata.worker.confinement.confine import Confinement

HALVE, SHIFT = "01_mini/02_halve", "02_more/01_mend_shift"
RIGHT = "def halve(x):\n    return x / 2\n"
WRONG = "def halve(x):\n    print(x.tolist())\n    return x / 3\n"
EXITS = "import os\nos._exit(0)\n"


def hand_in(folder: Path, **answers: str) -> Path:
    """One folder per learner with an answer to halve."""
    for learner, text in answers.items():
        path = folder / learner / "exercises" / f"{HALVE}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def states(out: Path) -> dict[tuple[str, str], str]:
    book = Book(out / FILE)
    try:
        return {(row.learner, row.exercise_id): row.state for row in book.rows()}
    finally:
        book.close()


def table_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))


def quick(course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
    """A grader for tests of the bookkeeping: nothing is run, and `right` in the text passes."""
    for task in tasks:
        exercise = course.one(task.exercise_id)
        state = State.PASSED if b"right" in task.source else State.FAILED
        result = ExerciseResult(
            id=exercise.id, name=exercise.name, chapter=exercise.chapter, state=state
        )
        yield outcome(exercise, task, result)


def test_a_class_is_graded(course: Path, tmp_path: Path):
    """Right, wrong and hostile answers get verdicts of their own; what is missing is told."""
    hand_in(tmp_path / "class", ann=RIGHT, bob=WRONG, cem=EXITS)
    (tmp_path / "class/dan").mkdir()
    out = tmp_path / "out"

    done = torchkata(course, "gradebook", str(tmp_path / "class"), "--out", str(out))

    assert done.returncode == 0, done.stderr
    assert states(out) == {
        ("ann", HALVE): "passed", ("bob", HALVE): "failed", ("cem", HALVE): "error"
    }  # fmt: skip
    rows = table_of(out / "gradebook.csv")
    assert len(rows) == 4 * len(Course(course).exercises)
    table = {(row["learner"], row["exercise"]): row for row in rows}
    assert table["ann", HALVE]["points"] == "1"
    assert table["bob", HALVE]["points"] == "0"
    assert table["dan", HALVE]["state"] == "missing"
    assert "4 learners, 3 answers: 3 graded now, 0 known before." in done.stdout


def test_what_is_known_is_not_graded_again(course: Path, tmp_path: Path):
    """Unchanged answers keep their verdict; changed answers and graders are judged anew."""
    class_, out, exercises = (
        hand_in(tmp_path / "class", ann="right", bob="w"),
        tmp_path / "o",
        course,
    )

    def run() -> tuple[int, int]:
        done = grade_class(Course(exercises), class_, out, grader=quick)
        return done.graded, done.known

    assert run() == (2, 0)
    assert run() == (0, 2)
    hand_in(class_, bob="right now")
    assert run() == (1, 1)
    assert states(out)["bob", HALVE] == "passed"
    grader = course / "tests/01_mini/test_02_halve.py"
    grader.write_text(grader.read_text() + "\n# another grader\n")
    assert run() == (2, 0)
    (class_ / "bob/exercises/01_mini/02_halve.py").unlink()
    assert run() == (0, 1)
    assert states(out) == {("ann", HALVE): "passed"}


def test_equal_files_are_judged_once(course: Path, tmp_path: Path):
    """Two learners with the same file get the same verdict from one judgement."""
    judged = []

    def counting(course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
        for task in tasks:
            judged.append(task.learner)
            yield from quick(course, [task])

    hand_in(tmp_path / "class", ann="right", bob="right", cem="wrong")
    grade_class(Course(course), tmp_path / "class", tmp_path / "out", grader=counting)

    assert judged == ["ann", "cem"]
    assert Counter(states(tmp_path / "out").values()) == {"passed": 2, "failed": 1}


def test_interrupted_runs_go_on(course: Path, tmp_path: Path):
    """What was judged before an end in mid-run stays; the next run does the rest, none twice."""
    answers = {f"learner{number:02}": f"right {number}" for number in range(10)}
    hand_in(tmp_path / "class", **answers)

    def ends_early(course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
        yield from list(quick(course, tasks))[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_class(Course(course), tmp_path / "class", tmp_path / "out", grader=ends_early)
    done = grade_class(Course(course), tmp_path / "class", tmp_path / "out", grader=quick)

    assert (done.graded, done.known) == (6, 4)
    assert len(states(tmp_path / "out")) == 10


def test_a_killed_run_loses_nothing(course: Path, tmp_path: Path):
    """Kill -9 in mid-run: every verdict that was told is in the book, and the next run ends it."""
    answers = {f"learner{number}": f"{RIGHT}# {number}\n" for number in range(8)}
    class_, out = hand_in(tmp_path / "class", **answers), tmp_path / "out"
    words = [sys.executable, "-m", "torchkata", "gradebook", str(class_), "--out", str(out)]
    log = tmp_path / "log"
    with log.open("wb") as stream:
        run = subprocess.Popen(words, cwd=course, stdout=stream, start_new_session=True)
        assert wait_for(lambda: log.read_text().count("passed") >= 2, 60)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    told = [line.split()[2] for line in log.read_text().splitlines() if " passed " in line]

    assert {(learner, HALVE) for learner in told} <= set(states(out))
    done = torchkata(course, *words[3:])
    assert done.returncode == 0
    assert len(states(out)) == 8
    assert int(done.stdout.split(" graded now")[0].split()[-1]) <= 8 - len(told)


def test_judges_end_with_a_killed_run(course: Path, tmp_path: Path):
    """Kill -9 of a run with judges side by side: no judge and no worker stays behind."""
    mark = f"run-{os.getpid()}-{time.monotonic_ns()}"
    answers = {f"learner{number}": f"{RIGHT}# {number}\n" for number in range(8)}
    class_, log = hand_in(tmp_path / "class", **answers), tmp_path / "log"
    words = ["gradebook", str(class_), "--out", str(tmp_path / "out"), "--jobs", "2"]
    with log.open("wb") as stream:
        run = subprocess.Popen(
            [sys.executable, "-m", "torchkata", *words],
            cwd=course,
            stdout=stream,
            env={**os.environ, "TORCHKATA_TEST_MARK": mark},
        )
        assert wait_for(lambda: log.read_text().count("passed") >= 1, 60)
        assert len(marked(mark)) > 2  # the run, its judges, what they started
        run.kill()
        run.wait()

    assert wait_for(lambda: not marked(mark), 30), marked(mark)


def marked(mark: str) -> list[int]:
    """The processes whose environment has a mark."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def test_a_judge_that_dies_is_replaced(course: Path, tmp_path: Path, monkeypatch):
    """A judge killed in mid-task costs a second try; a task that kills every judge is given up."""
    texts = {"ann": RIGHT, "bob": WRONG, "zoe": "import this"}
    tasks = [
        Task(learner=who, exercise_id=HALVE, source=text.encode(), file="a.py", seed=1, key=who)
        for who, text in texts.items()
    ]
    stage = tmp_path / "killing"
    stage.mkdir()
    (stage / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if 'spawn_main' in ' '.join(sys.orig_argv):\n"
        "    from torchkata.instructor import pool\n"
        "    honest = pool.grade_task\n"
        "    def deadly(course, launcher, task):\n"
        f"        mark = {str(stage)!r} + '/' + task.learner\n"
        "        first = not os.path.exists(mark)\n"
        "        if task.learner == 'zoe' or (task.learner == 'ann' and first):\n"
        "            open(mark, 'w').close()\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return honest(course, launcher, task)\n"
        "    pool.grade_task = deadly\n"
    )
    paths = [str(stage), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))

    found = {each.task.learner: each for each in graded(Course(course), tasks, jobs=2)}

    assert {name: each.state for name, each in found.items()} == {
        "ann": "passed", "bob": "failed", "zoe": "error"
    }  # fmt: skip
    assert found["zoe"].points is None
    assert "by hand" in found["zoe"].result.message


def test_judges_are_replaced_in_long_runs(course: Path, monkeypatch):
    """After so many tasks a judge makes room for a fresh one; each task comes out once."""
    begun: list[str] = []
    monkeypatch.setattr(local_pool, "_TASKS_A_JUDGE", 2)
    monkeypatch.setattr(
        local_pool,
        "ProcessPoolExecutor",
        lambda *words: begun.append("") or ProcessPoolExecutor(*words),
    )
    tasks = [
        Task(
            learner=f"{n}",
            exercise_id=HALVE,
            source=RIGHT.encode(),
            file="a.py",
            seed=n,
            key=f"{n}",
        )
        for n in range(5)
    ]

    found = [each.task.learner for each in graded(Course(course), tasks, jobs=1)]

    assert found == [task.learner for task in tasks]
    assert len(begun) == 3


def test_replay_repeats_a_verdict(course: Path, tmp_path: Path):
    """A verdict is repeated on the inputs of its seed, to the same message."""
    hand_in(tmp_path / "class", bob=WRONG)
    out = tmp_path / "out"
    grade_class(Course(course), tmp_path / "class", out, grader=on_this_machine(1))
    with sqlite3.connect(out / FILE) as link:
        (kept,) = link.execute("select result from verdict").fetchone()

    again = replay(Course(course), out, "bob", "halve")

    assert again.state == "failed"
    kept_messages = [check["message"] for check in json.loads(kept)["checks"]]
    assert [check.message for check in again.checks] == kept_messages
    with pytest.raises(UsageError, match="no answer of nobody"):
        replay(Course(course), out, "nobody", "halve")
    with pytest.raises(UsageError, match="There is no gradebook"):
        replay(Course(course), tmp_path, "bob", "halve")


def test_without_confinement_it_refuses(course: Path, tmp_path: Path, monkeypatch):
    """Where submissions cannot be confined no class is graded, and the message says what to use."""
    weak = Confinement(level="partial", measures=("rlimits",), missing=("Landlock: not here",))
    monkeypatch.setattr(gradebook, "available_confinement", lambda: weak)

    with pytest.raises(KataError, match=r"Landlock: not here.*Use Linux"):
        grade_class(Course(course), tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_gradebook_stays(course: Path, tmp_path: Path):
    """A foreign file in the gradebook's place is not written to."""
    hand_in(tmp_path / "class", ann="right")
    (tmp_path / FILE).write_text("my notes\n" * 100)

    with pytest.raises(KataError, match="no gradebook"):
        grade_class(Course(course), tmp_path / "class", tmp_path, grader=quick)
    assert (tmp_path / FILE).read_text().startswith("my notes")


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+cmd", "@sum(A1)", "\t=1", "|x", "%0A"])
def test_cells_hold_no_formulas(text: str):
    """What a spreadsheet would compute is made text; numbers stay numbers."""
    assert csv_export.neutral(text).startswith("'")
    assert csv_export.neutral("-1.5") == "-1.5"
    assert csv_export.neutral("a\nb\x1b[2J") == "a b [2J"


def test_platform_tables(course: Path, tmp_path: Path):
    """Canvas and Moodle find their columns, their learners, and one column per exercise."""
    hand_in(tmp_path / "class", doejane_123="right", plain="wrong")
    exercises = Course(course).exercises
    grade_class(Course(course), tmp_path / "class", tmp_path, grader=quick)
    book = Book(tmp_path / FILE)
    found = csv_export.cells(book, exercises)
    book.close()
    csv_export.write_canvas(tmp_path / "canvas.csv", found, exercises)
    csv_export.write_moodle(tmp_path / "moodle.csv", found, exercises)

    possible, jane, plain = table_of(tmp_path / "canvas.csv")
    assert possible["Student"].strip() == "Points Possible"
    assert (jane["Student"], jane["ID"], jane[HALVE], jane[SHIFT]) == ("doejane", "123", "1", "0")
    assert (plain["SIS Login ID"], plain[HALVE]) == ("plain", "0")
    jane, plain = table_of(tmp_path / "moodle.csv")
    assert (jane["Identifier"], jane["Total"]) == ("123", "1")


def test_feedback_has_no_hidden_values(course: Path, tmp_path: Path):
    """The cell of a wrong answer names axis and case; compared values and prints stay behind."""
    hand_in(tmp_path / "class", bob=WRONG)
    grade_class(Course(course), tmp_path / "class", tmp_path)
    book = Book(tmp_path / FILE)
    (row,) = book.rows()
    book.close()

    told = summary(row.state, row.result)

    assert row.result["output"]
    values = [check["message"] for check in row.result["checks"] if check["axis"] == "values"]
    assert any("expected" in message for message in values)
    assert told.startswith("Failed on ")
    assert "Some values are wrong" in told or "gradient" in told
    assert "expected" not in told
