"""The gradebook: every submission is graded once, nothing is lost, and tables are safe."""

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
from contextlib import closing
from pathlib import Path

import pytest
from helpers import python, torchkata, wait_for

from torchkata.course.catalogue import Course
from torchkata.course.translations import Translations
from torchkata.errors import KataError, UsageError
from torchkata.grading.grade import result_for
from torchkata.instructor.gradebook import csv_export, local_pool
from torchkata.instructor.gradebook import grade_class as grade_class_module
from torchkata.instructor.gradebook.db import Gradebook
from torchkata.instructor.gradebook.grade_class import (
    GRADEBOOK_FILE,
    grade_class,
    grade_locally,
    replay,
)
from torchkata.instructor.gradebook.local_pool import grade_in_pool
from torchkata.instructor.gradebook.redaction import summarize
from torchkata.instructor.gradebook.task import Outcome, Task, score_result
from torchkata.result import State
from torchkata.worker.confinement.confine import Confinement

HALVE, SHIFT = "01_mini/02_halve", "02_more/01_mend_shift"
RIGHT = "def halve(x):\n    return x / 2\n"
WRONG = "def halve(x):\n    print(x.tolist())\n    return x / 3\n"
EXITS = "import os\nos._exit(0)\n"


def submit(folder: Path, **sources: str) -> Path:
    """Write one folder per learner with a submission to halve."""
    for learner, source in sources.items():
        path = folder / learner / "exercises" / f"{HALVE}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder


def states(out: Path) -> dict[tuple[str, str], str]:
    with closing(Gradebook(out / GRADEBOOK_FILE)) as gradebook:
        return {(each.learner, each.exercise_id): each.state for each in gradebook.verdicts()}


def read_table(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))


def grade_by_text(course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
    """Grade for tests of the bookkeeping: nothing runs, and `right` in the text passes."""
    for task in tasks:
        exercise = course.one(task.exercise_id)
        state = State.PASSED if b"right" in task.source else State.FAILED
        yield score_result(exercise, task, result_for(exercise, state))


def test_command_grades_a_class(course: Path, tmp_path: Path):
    """Right, wrong and hostile submissions get their verdicts; a missing one is reported."""
    submit(tmp_path / "class", ann=RIGHT, bob=WRONG, cem=EXITS)
    (tmp_path / "class/dan").mkdir()
    out = tmp_path / "out"

    done = torchkata(course, "gradebook", str(tmp_path / "class"), "--out", str(out))

    assert done.returncode == 0, done.stderr
    assert states(out) == {
        ("ann", HALVE): "passed", ("bob", HALVE): "failed", ("cem", HALVE): "error"
    }  # fmt: skip
    rows = read_table(out / "gradebook.csv")
    assert len(rows) == 4 * len(Course(course).exercises)
    table = {(row["learner"], row["exercise"]): row for row in rows}
    assert table["ann", HALVE]["points"] == "1"
    assert table["bob", HALVE]["points"] == "0"
    assert table["dan", HALVE]["state"] == "missing"
    assert "4 learners, 3 files: 3 graded now, 0 graded earlier." in done.stdout


def test_cached_verdicts_are_not_graded_again(course: Path, tmp_path: Path):
    """Unchanged files keep their verdict; a changed file or grader is graded again."""
    class_, out = submit(tmp_path / "class", ann="right", bob="w"), tmp_path / "o"

    def run() -> tuple[int, int]:
        done = grade_class(Course(course), class_, out, grade_tasks=grade_by_text)
        return done.graded, done.cached

    assert run() == (2, 0)
    assert run() == (0, 2)
    submit(class_, bob="right now")
    assert run() == (1, 1)
    assert states(out)["bob", HALVE] == "passed"
    grader = course / "tests/01_mini/test_02_halve.py"
    grader.write_text(grader.read_text() + "\n# another grader\n")
    assert run() == (2, 0)
    (class_ / "bob/exercises/01_mini/02_halve.py").unlink()
    assert run() == (0, 1)
    assert states(out) == {("ann", HALVE): "passed"}


def test_a_run_on_some_exercises_keeps_other_verdicts(course: Path, tmp_path: Path):
    """Verdicts of exercises that a run does not select stay in the gradebook."""
    class_, out = submit(tmp_path / "class", ann="right"), tmp_path / "out"
    exercises = Course(course)
    grade_class(exercises, class_, out, grade_tasks=grade_by_text)

    shift = (exercises.one("mend_shift"),)
    done = grade_class(exercises, class_, out, exercises=shift, grade_tasks=grade_by_text)

    assert (done.graded, done.cached) == (0, 0)
    assert states(out) == {("ann", HALVE): "passed"}


def test_equal_files_are_graded_once(course: Path, tmp_path: Path):
    """Two learners with the same file get the same verdict from one grading."""
    graded = []

    def grade_and_count(course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
        for task in tasks:
            graded.append(task.learner)
            yield from grade_by_text(course, [task])

    submit(tmp_path / "class", ann="right", bob="right", cem="wrong")
    grade_class(Course(course), tmp_path / "class", tmp_path / "out", grade_tasks=grade_and_count)

    assert graded == ["ann", "cem"]
    assert Counter(states(tmp_path / "out").values()) == {"passed": 2, "failed": 1}


def test_interrupted_runs_resume(course: Path, tmp_path: Path):
    """Verdicts from before an interrupt are kept; the next run grades the rest, none twice."""
    class_, out = tmp_path / "class", tmp_path / "out"
    submit(class_, **{f"learner{number:02}": f"right {number}" for number in range(10)})

    def grade_four(course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
        yield from list(grade_by_text(course, tasks))[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_class(Course(course), class_, out, grade_tasks=grade_four)
    done = grade_class(Course(course), class_, out, grade_tasks=grade_by_text)

    assert (done.graded, done.cached) == (6, 4)
    assert len(states(out)) == 10


def test_a_killed_run_loses_nothing(course: Path, tmp_path: Path):
    """After SIGKILL, every printed verdict is in the gradebook, and the next run resumes."""
    sources = {f"learner{number}": f"{RIGHT}# {number}\n" for number in range(8)}
    class_, out = submit(tmp_path / "class", **sources), tmp_path / "out"
    words = [python(), "-m", "torchkata", "gradebook", str(class_), "--out", str(out)]
    log = tmp_path / "log"
    with log.open("wb") as stream:
        run = subprocess.Popen(words, cwd=course, stdout=stream, start_new_session=True)
        assert wait_for(lambda: log.read_text().count("passed") >= 2, 60)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    printed = [line.split()[2] for line in log.read_text().splitlines() if " passed " in line]

    assert {(learner, HALVE) for learner in printed} <= set(states(out))
    done = torchkata(course, *words[3:])
    assert done.returncode == 0
    assert len(states(out)) == 8
    assert int(done.stdout.split(" graded now")[0].split()[-1]) <= 8 - len(printed)


def test_judges_end_with_a_killed_run(course: Path, tmp_path: Path):
    """After SIGKILL of a run with parallel judges, no judge and no worker is left."""
    mark = f"run-{os.getpid()}-{time.monotonic_ns()}"
    sources = {f"learner{number}": f"{RIGHT}# {number}\n" for number in range(8)}
    class_, log = submit(tmp_path / "class", **sources), tmp_path / "log"
    words = ["gradebook", str(class_), "--out", str(tmp_path / "out"), "--jobs", "2"]
    with log.open("wb") as stream:
        run = subprocess.Popen(
            [sys.executable, "-m", "torchkata", *words],
            cwd=course,
            stdout=stream,
            env={**os.environ, "TORCHKATA_TEST_MARK": mark},
        )
        assert wait_for(lambda: log.read_text().count("passed") >= 1, 60)
        assert len(marked_processes(mark)) > 2  # the run, its judges and their workers
        run.kill()
        run.wait()

    assert wait_for(lambda: not marked_processes(mark), 30), marked_processes(mark)


def marked_processes(mark: str) -> list[int]:
    """Return the processes whose environment contains a mark."""
    pids = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (entry / "environ").read_bytes():
                pids.append(int(entry.name))
    return pids


def test_crashed_judges_are_replaced(course: Path, tmp_path: Path, monkeypatch):
    """A judge killed once costs a second try; a task that kills every judge counts as failed."""
    sources = {"ann": RIGHT, "bob": WRONG, "zoe": "import this"}
    tasks = [
        Task(learner=who, exercise_id=HALVE, source=text.encode(), file="a.py", seed=1, key=who)
        for who, text in sources.items()
    ]
    stage = tmp_path / "killing"
    stage.mkdir()
    (stage / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if 'spawn_main' in ' '.join(sys.orig_argv):\n"
        "    from torchkata.instructor.gradebook import local_pool\n"
        "    original = local_pool.grade_task\n"
        "    def deadly(course, launcher, task):\n"
        f"        mark = {str(stage)!r} + '/' + task.learner\n"
        "        first = not os.path.exists(mark)\n"
        "        if task.learner == 'zoe' or (task.learner == 'ann' and first):\n"
        "            open(mark, 'w').close()\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return original(course, launcher, task)\n"
        "    local_pool.grade_task = deadly\n"
    )
    paths = [str(stage), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))

    outcomes = {each.task.learner: each for each in grade_in_pool(Course(course), tasks, jobs=2)}

    assert (stage / "ann").exists()
    assert {name: each.state for name, each in outcomes.items()} == {
        "ann": "passed", "bob": "failed", "zoe": "error"
    }  # fmt: skip
    assert outcomes["zoe"].points is None
    assert "by hand" in str(outcomes["zoe"].result.message)


def test_judges_are_replaced_in_long_runs(course: Path, monkeypatch):
    """After a number of tasks, a judge is replaced by a new one; each task has one outcome."""
    started: list[str] = []
    monkeypatch.setattr(local_pool, "_TASKS_PER_JUDGE", 2)
    monkeypatch.setattr(
        local_pool,
        "ProcessPoolExecutor",
        lambda *arguments: started.append("") or ProcessPoolExecutor(*arguments),
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

    graded = [each.task.learner for each in grade_in_pool(Course(course), tasks, jobs=1)]

    assert graded == [task.learner for task in tasks]
    assert len(started) == 3


def test_replay_repeats_a_verdict(course: Path, tmp_path: Path):
    """A replay runs on the inputs of the verdict's seed and gives the same messages."""
    submit(tmp_path / "class", bob=WRONG)
    out = tmp_path / "out"
    grade_class(Course(course), tmp_path / "class", out, grade_tasks=grade_locally(1))
    with sqlite3.connect(out / GRADEBOOK_FILE) as connection:
        (stored,) = connection.execute("select result from verdict").fetchone()

    again = replay(Course(course), out, "bob", "halve")

    assert again.state == "failed"
    messages = [check["message"] for check in json.loads(stored)["checks"]]
    assert [check["message"] for check in again.as_json()["checks"]] == messages
    with pytest.raises(UsageError, match="no submission of nobody"):
        replay(Course(course), out, "nobody", "halve")
    with pytest.raises(UsageError, match="There is no gradebook"):
        replay(Course(course), tmp_path, "bob", "halve")


def test_without_confinement_no_class_is_graded(course: Path, tmp_path: Path, monkeypatch):
    """Without full confinement, the message says what is missing and what to use."""
    weak = Confinement(level="partial", measures=("rlimits",), missing=("Landlock: not here",))
    monkeypatch.setattr(grade_class_module, "available_confinement", lambda: weak)

    with pytest.raises(KataError, match=r"Landlock: not here.*Use Linux"):
        grade_class(Course(course), tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_foreign_file_is_not_overwritten(course: Path, tmp_path: Path):
    """A file that is not a gradebook is left alone."""
    submit(tmp_path / "class", ann="right")
    (tmp_path / GRADEBOOK_FILE).write_text("my notes\n" * 100)

    with pytest.raises(KataError, match="not a gradebook"):
        grade_class(Course(course), tmp_path / "class", tmp_path, grade_tasks=grade_by_text)
    assert (tmp_path / GRADEBOOK_FILE).read_text().startswith("my notes")


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+cmd", "@sum(A1)", "\t=1", "|x", "%0A"])
def test_cells_contain_no_formulas(text: str):
    """Formulas of spreadsheets become text; numbers stay numbers."""
    assert csv_export.escape_formula(text).startswith("'")
    assert csv_export.escape_formula("-1.5") == "-1.5"
    assert csv_export.escape_formula("a\nb\x1b[2J") == "a b [2J"


def test_tables_for_canvas_and_moodle(course: Path, tmp_path: Path):
    """Canvas and Moodle find their columns, their learners, and one column per exercise."""
    submit(tmp_path / "class", doejane_123="right", plain="wrong")
    exercises = Course(course).exercises
    grade_class(Course(course), tmp_path / "class", tmp_path, grade_tasks=grade_by_text)
    with closing(Gradebook(tmp_path / GRADEBOOK_FILE)) as gradebook:
        cells = csv_export.build_cells(gradebook, exercises)
    csv_export.write_canvas(tmp_path / "canvas.csv", cells, exercises)
    csv_export.write_moodle(tmp_path / "moodle.csv", cells, exercises)

    possible, jane, plain = read_table(tmp_path / "canvas.csv")
    assert possible["Student"].strip() == "Points Possible"
    assert (jane["Student"], jane["ID"], jane[HALVE], jane[SHIFT]) == ("doejane", "123", "1", "0")
    assert (plain["SIS Login ID"], plain[HALVE]) == ("plain", "0")
    jane, plain = read_table(tmp_path / "moodle.csv")
    assert (jane["Identifier"], jane["Total"]) == ("123", "1")


def test_rejected_file_is_explained_in_its_cell(course: Path, tmp_path: Path):
    """The cell of an exercise whose file was rejected gives the reason, in any language."""
    submit(tmp_path / "class", ann="x = 1\0")
    grade_class(Course(course), tmp_path / "class", tmp_path, grade_tasks=grade_by_text)
    with closing(Gradebook(tmp_path / GRADEBOOK_FILE)) as gradebook:
        cells = csv_export.build_cells(gradebook, Course(course).exercises)
    csv_export.write_long(tmp_path / "long.csv", cells, localize=Translations(course))

    table = {row["exercise"]: row for row in read_table(tmp_path / "long.csv")}
    assert table[HALVE]["message"] == (
        "exercises/01_mini/02_halve.py: It is a binary file, not Python source."
    )
    assert table[SHIFT]["message"] == "Not submitted."


def test_summary_contains_no_hidden_values(course: Path, tmp_path: Path):
    """The summary of a wrong submission names axis and case, but no compared value or output."""
    submit(tmp_path / "class", bob=WRONG)
    grade_class(Course(course), tmp_path / "class", tmp_path)
    with closing(Gradebook(tmp_path / GRADEBOOK_FILE)) as gradebook:
        (verdict,) = gradebook.verdicts()

    summary = str(summarize(verdict.state, verdict.result))

    assert verdict.result["output"]
    checks = verdict.result["checks"]
    values = [check["message"] for check in checks if check["axis"] == "values"]
    assert any("expected" in message for message in values)
    assert summary.startswith("Failed on ")
    assert "Some values are wrong" in summary or "gradient" in summary
    assert "expected" not in summary
