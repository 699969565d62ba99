"""Grade one submission in the place where an autograder has put it."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.grading.grade import result_for
from torchkata.i18n import Message, _
from torchkata.instructor.autograders.exercise_scores import (
    ExerciseScore,
    missing_score,
    score_exercise,
)
from torchkata.instructor.gradebook.db import stored_result
from torchkata.instructor.gradebook.grade_class import require_confinement
from torchkata.instructor.gradebook.task import Outcome, Task, cache_key, grade_task
from torchkata.instructor.intake.submissions import LearnerSubmission, collect_one
from torchkata.result import ExerciseResult, State
from torchkata.sandbox.launcher import Launcher

_MOST_DUPLICATES: Final = 5  # files named in a note


@dataclass(frozen=True, kw_only=True)
class GradedSubmission:
    """A graded submission.

    Attributes:
        scores: One for each exercise.
        results: The full results of the submitted exercises.
        notes: Sentences on the submission as a whole.
        seconds: The time that grading took.
    """

    scores: tuple[ExerciseScore, ...]
    results: tuple[ExerciseResult, ...]
    notes: tuple[Message, ...]
    seconds: float


def grade_submission(
    course: Course,
    exercises: Sequence[Exercise],
    folder: Path,
    *,
    seed: int,
    unconfined: bool = False,
    on_score: Callable[[ExerciseScore], None] = lambda _score: None,
) -> GradedSubmission:
    """Grade the files in a folder, in any layout.

    Args:
        course: The course whose graders judge.
        exercises: The exercises that count.
        folder: The submission.
        seed: Seed of the hidden inputs.
        unconfined: Whether to grade even if the platform cannot confine submissions.
        on_score: Called with the score of each exercise as soon as it is known.

    Raises:
        KataError: The platform cannot confine submissions, and `unconfined` is false.
        UsageError: The folder does not exist.
    """
    start = time.monotonic()
    if not unconfined:
        require_confinement()
    submission = collect_one(course, folder)
    scores, results = [], []
    with Launcher() as launcher:
        for exercise in exercises:
            file = submission.files.get(exercise.id)
            if file is None or file.source is None:
                score = missing_score(exercise, _rejection(submission, exercise))
            else:
                outcome = _grade(course, launcher, exercise, file.source, seed)
                score = _score(submission, exercise, outcome)
                results.append(outcome.result)
            scores.append(score)
            on_score(score)
    return GradedSubmission(
        scores=tuple(scores),
        results=tuple(results),
        notes=tuple(_("Rejected: {problem}", problem=each.message) for each in submission.problems),
        seconds=time.monotonic() - start,
    )


def _grade(
    course: Course, launcher: Launcher, exercise: Exercise, source: bytes, seed: int
) -> Outcome:
    """Grade one file; if the grading itself fails, a person has to decide."""
    task = Task(
        learner="", exercise_id=exercise.id, source=source, file=exercise.stub_path.name, seed=seed,
        key=cache_key(source, ""),
    )  # fmt: skip
    try:
        return grade_task(course, launcher, task)
    except Exception:  # noqa: BLE001 - the other exercises are graded all the same
        traceback.print_exc(file=sys.stderr)
        result = result_for(exercise, State.ERROR)
        return Outcome(task=task, state=State.ERROR.value, points=None, result=result)


def _score(submission: LearnerSubmission, exercise: Exercise, outcome: Outcome) -> ExerciseScore:
    notes = []
    if duplicates := submission.duplicates.get(exercise.id):
        notes.append(
            _(
                "There are several files for this exercise. Graded {path}; ignored {others}.",
                path=submission.files[exercise.id].path,
                others=", ".join(duplicates[:_MOST_DUPLICATES]),
            )
        )
    weight, result = float(exercise.spec.weight), stored_result(outcome.result)
    return score_exercise(exercise.id, outcome.state, outcome.points, weight, result, notes)


def _rejection(submission: LearnerSubmission, exercise: Exercise) -> Message | None:
    file = submission.files.get(exercise.id)
    if file is None:
        return None
    return _("{path} was rejected: {reason}", path=file.path, reason=file.rejected)
