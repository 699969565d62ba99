"""Gradebooks of classes that nobody taught: verdicts put together by hand, none of them judged."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torchkata.course.catalogue import Course
from torchkata.instructor.feedback import write_feedback
from torchkata.instructor.gradebook import csv_export
from torchkata.instructor.gradebook.db import Book
from torchkata.instructor.gradebook.grade_class import FILE
from torchkata.instructor.gradebook.task import Outcome, Task, outcome
from torchkata.instructor.intake.submissions import Answer, HandIn
from torchkata.result import CheckResult, ExerciseResult, State, Verdict

SECRET = "0.123456789"
Results = Mapping[str, ExerciseResult]


def verdict(
    course: Course, exercise_id: str, state: State, *checks: CheckResult, output: str = SECRET
) -> ExerciseResult:
    exercise = course.one(exercise_id)
    return ExerciseResult(
        id=exercise.id, name=exercise.name, chapter=exercise.chapter, state=state,
        message=f"ValueError: {SECRET}", checks=checks, output=output,
    )  # fmt: skip


def check(axis: str, found: str = "passed", **more: Any) -> CheckResult:
    return CheckResult(
        id=f"x::{axis}[{more.pop('what', 'all')}]",
        axis=axis,
        verdict=Verdict(found),
        message=f"expected {SECRET}" if found != "passed" else "",
        **more,
    )


def keep(
    course: Course,
    out: Path,
    class_: Mapping[str, Results],
    sources: Mapping[str, str] | None = None,
    **about: Mapping[str, Any],
) -> None:
    """Fill a gradebook: by learner and exercise; `about` holds more of the hand-in by learner."""
    book = Book(out / FILE)
    told = {
        who: {course.one(name).id: each for name, each in of.items()} for who, of in class_.items()
    }
    text = dict(sources or {})
    book.enrol(
        HandIn(
            learner=who,
            answers={name: Answer(path=name, source=b"x") for name in results},
            handed_in=datetime(2026, 5, 1, 12, 30, tzinfo=UTC),
            **about.get(who, {}),
        )
        for who, results in told.items()
    )
    for each in _outcomes(course, told, text):
        book.write(each, float(course.one(each.task.exercise_id).grader.spec.weight))
    book.close()


def _outcomes(
    course: Course, told: Mapping[str, Results], sources: Mapping[str, str]
) -> Iterable[Outcome]:
    for who, results in told.items():
        for name, result in results.items():
            task = Task(
                learner=who, exercise_id=name, source=sources.get(who, f"# {who}").encode(),
                file="x.py", seed=1, key="k",
            )  # fmt: skip
            yield outcome(course.one(name), task, result)


def write(course: Course, out: Path) -> None:
    """Write everything that comes out of a gradebook, as the command does."""
    book = Book(out / FILE)
    found = csv_export.cells(book, course.exercises)
    csv_export.write_long(out / "gradebook.csv", found)
    csv_export.write_canvas(out / "canvas.csv", found, course.exercises)
    csv_export.write_moodle(out / "moodle.csv", found, course.exercises)
    write_feedback(book, found, course.exercises, out)
    book.close()


def mixed(course: Course, learners: Iterable[str]) -> dict[str, Results]:
    """A class of which some pass, some are wrong, some too slow, and some did nothing."""
    chance = random.Random(7)
    kinds = (
        State.PASSED,
        State.PASSED,
        State.FAILED,
        State.ERROR,
        State.TIMEOUT,
        State.UNMEASURABLE,
    )
    return {
        who: {
            exercise.id: _some(course, exercise.id, chance.choice(kinds), chance)
            for exercise in course.exercises
            if chance.random() < 0.9
        }
        for who in learners
    }


def _some(course: Course, name: str, state: State, chance: random.Random) -> ExerciseResult:
    if state in (State.ERROR, State.TIMEOUT):
        return verdict(course, name, state, check("contract", "failed"))
    slow = state is State.FAILED
    spread = chance.lognormvariate(-1 if slow else 1, 0.5)
    return verdict(
        course, name, state,
        check("values", case="tall (n=500, d=10)"),
        check(
            "ops", "failed" if slow else "passed", case="tall (n=500, d=10)",
            trap="loop in Python" if slow else "",
            why="The loop in line 7 makes an op for each `row`: " + "word " * 30 if slow else "",
            figures={"ops": 1001.0 if slow else 1.0, "ops_allowed": 3.0},
        ),
        check("memory", figures={"extra_bytes": spread * 4000, "extra_bytes_allowed": 20000.0}),
        check(
            "speed", "unmeasurable" if state is State.UNMEASURABLE else "passed",
            what="50 x over slicing loop", figures={"ratio": 50 * spread, "threshold": 50.0},
        ),
    )  # fmt: skip
