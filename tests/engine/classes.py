"""Gradebooks of made-up classes, with verdicts that are constructed and not graded."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torchkata.course.catalogue import Course
from torchkata.course.translations import Translations
from torchkata.grading.grade import result_for
from torchkata.i18n import EMPTY, Message, _, verbatim
from torchkata.i18n.catalogues import ENGLISH
from torchkata.instructor.feedback.write import write_feedback
from torchkata.instructor.gradebook import csv_export
from torchkata.instructor.gradebook.db import Gradebook
from torchkata.instructor.gradebook.grade_class import GRADEBOOK_FILE
from torchkata.instructor.gradebook.task import Outcome, Task, score_result
from torchkata.instructor.intake.submissions import LearnerSubmission, Problem, SubmittedFile
from torchkata.result import CheckResult, ExerciseResult, State, Verdict

SECRET = "0.123456789"  # a hidden value
Results = Mapping[str, ExerciseResult]
"""By a name of the exercise."""


def make_result(
    course: Course, exercise_name: str, state: State, *checks: CheckResult
) -> ExerciseResult:
    """Return a result whose message and output contain the hidden value."""
    message = _("ValueError: {value}", value=SECRET)
    result = result_for(course.one(exercise_name), state, message)
    return replace(result, checks=checks, output=SECRET)


def make_check(
    axis: str,
    verdict: str = "passed",
    *,
    what: str = "all",
    case: str = "",
    why: Message = EMPTY,
    **fields: Any,
) -> CheckResult:
    """Return a check; if it did not pass, its message contains the hidden value."""
    return CheckResult(
        id=f"x::{axis}[{what}]",
        axis=axis,
        verdict=Verdict(verdict),
        case=Message(case),
        message=EMPTY if verdict == "passed" else _("Expected {value}.", value=SECRET),
        why=why,
        **fields,
    )


def make_problem(text: str) -> Problem:
    """Return a problem of a submission."""
    return Problem(message=verbatim(text))


def store_class(
    course: Course,
    out: Path,
    results_by_learner: Mapping[str, Results],
    sources: Mapping[str, str] | None = None,
    **fields: Mapping[str, Any],
) -> None:
    """Store results in a gradebook.

    Args:
        course: The course of the exercises.
        out: Folder of the gradebook.
        results_by_learner: Each learner's results.
        sources: Each learner's source, for all exercises (default: a comment with the name).
        fields: More fields of a learner's submission, by learner.
    """
    results_by_id = {
        learner: {course.one(name).id: result for name, result in results.items()}
        for learner, results in results_by_learner.items()
    }
    with closing(Gradebook(out / GRADEBOOK_FILE)) as gradebook:
        gradebook.sync_learners(
            LearnerSubmission(
                learner=learner,
                files={name: SubmittedFile(path=name, source=b"x") for name in results},
                handed_in=datetime(2026, 5, 1, 12, 30, tzinfo=UTC),
                **fields.get(learner, {}),
            )
            for learner, results in results_by_id.items()
        )
        for outcome in _outcomes(course, results_by_id, sources or {}):
            gradebook.store(outcome, float(course.one(outcome.task.exercise_id).spec.weight))


def _outcomes(
    course: Course, results_by_learner: Mapping[str, Results], sources: Mapping[str, str]
) -> Iterator[Outcome]:
    for learner, results in results_by_learner.items():
        for exercise_id, result in results.items():
            source = sources.get(learner, f"# {learner}").encode()
            task = Task(
                learner=learner, exercise_id=exercise_id, source=source, file="x.py", seed=1,
                key="k",
            )  # fmt: skip
            yield score_result(course.one(exercise_id), task, result)


def write_outputs(course: Course, out: Path, language: str = ENGLISH) -> None:
    """Write the tables and the feedback of a gradebook, as the command does."""
    localize = Translations(course.root, language)
    with closing(Gradebook(out / GRADEBOOK_FILE)) as gradebook:
        cells = csv_export.build_cells(gradebook, course.exercises)
        csv_export.write_long(out / "gradebook.csv", cells, localize=localize)
        csv_export.write_canvas(out / "canvas.csv", cells, course.exercises)
        csv_export.write_moodle(out / "moodle.csv", cells, course.exercises)
        write_feedback(gradebook, cells, course.exercises, out, localize=localize)


def mixed_class(course: Course, learners: Iterable[str]) -> dict[str, Results]:
    """Return a class in which some pass, fail, are too slow, or submitted nothing."""
    rng = random.Random(7)
    states = (
        State.PASSED,
        State.PASSED,
        State.FAILED,
        State.ERROR,
        State.TIMEOUT,
        State.UNMEASURABLE,
    )
    return {
        learner: {
            exercise.id: _random_result(course, exercise.id, rng.choice(states), rng)
            for exercise in course.exercises
            if rng.random() < 0.9
        }
        for learner in learners
    }


def _random_result(
    course: Course, exercise_name: str, state: State, rng: random.Random
) -> ExerciseResult:
    if state in (State.ERROR, State.TIMEOUT):
        return make_result(course, exercise_name, state, make_check("contract", "failed"))
    slow = state is State.FAILED
    spread = rng.lognormvariate(-1 if slow else 1, 0.5)
    why = _("The loop on line {line} makes an op for each `row`: {text}", line=7, text="word " * 30)
    return make_result(
        course, exercise_name, state,
        make_check("values", case="tall (n=500, d=10)"),
        make_check(
            "ops", "failed" if slow else "passed", case="tall (n=500, d=10)",
            trap="loop in Python" if slow else "", why=why if slow else EMPTY,
            metrics={"ops": 1001.0 if slow else 1.0, "ops_allowed": 3.0},
        ),
        make_check(
            "memory", metrics={"extra_bytes": spread * 4000, "extra_bytes_allowed": 20000.0}
        ),
        make_check(
            "speed", "unmeasurable" if state is State.UNMEASURABLE else "passed",
            what="50x over slicing loop", metrics={"ratio": 50 * spread, "threshold": 50.0},
        ),
    )  # fmt: skip
