"""One unit of grading: a learner's submission to one exercise, and its outcome."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.helper_modules import helper_sources
from torchkata.grading.grade import Settings
from torchkata.grading.processes import Submission
from torchkata.grading.run import grade_and_record
from torchkata.result import ExerciseResult, State
from torchkata.sandbox.launcher import Launcher

_RETRIES: Final = 2  # if a speed check stays undecided


@dataclass(frozen=True, kw_only=True)
class Task:
    """A submission to grade.

    Attributes:
        learner: Whose submission it is.
        exercise_id: `CHAPTER/NN_name`.
        source: The file's bytes.
        file: The file's name.
        seed: Seed of the hidden inputs; equal seeds give equal inputs.
        key: Identifies the source together with everything that judges it.
    """

    learner: str
    exercise_id: str
    source: bytes
    file: str
    seed: int
    key: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A graded task.

    Attributes:
        task: What was graded.
        state: The state of the exercise.
        points: The points it earns; None if a person has to decide, because a speed check stayed
            undecided or because the grading itself failed.
        result: The exercise's part of the report.
        tries: How often it was graded.
    """

    task: Task
    state: str
    points: float | None
    result: ExerciseResult
    tries: int = 1


def cache_key(source: bytes, grader_digest: str) -> str:
    """Identify a source and what judges it; equal keys have equal verdicts.

    Args:
        source: The file's bytes.
        grader_digest: The digest of what judges it.
    """
    parts = [source, grader_digest.encode()]
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def digest_grader(exercise: Exercise) -> str:
    """Return a digest of an exercise's grader, the helpers, its reference and the engine."""
    parts = [
        exercise.grader_path.read_bytes(),
        exercise.reference_source,
        *helper_sources(exercise.files).values(),
        _digest_engine().encode(),
    ]
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()


@cache
def _digest_engine() -> str:
    digest = hashlib.blake2b(digest_size=16)
    package = Path(__file__).parents[2]
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def grade_task(course: Course, launcher: Launcher, task: Task) -> Outcome:
    """Grade one submission; if only speed checks stay undecided, retry with the same inputs."""
    exercise = course.one(task.exercise_id)
    submission = Submission(source=task.source, file=task.file)
    tries = 0
    while True:
        tries += 1
        result = grade_and_record(
            exercise, submission, launcher, Settings(seed=task.seed), compare=False
        )
        if result.state is not State.UNMEASURABLE or tries > _RETRIES:
            return score_result(exercise, task, result, tries)


def score_result(exercise: Exercise, task: Task, result: ExerciseResult, tries: int = 1) -> Outcome:
    """Return the outcome of a task with the points that its result earns."""
    points = {State.PASSED: float(exercise.spec.weight), State.UNMEASURABLE: None}.get(
        result.state, 0.0
    )
    if result.state is State.ERROR and not result.failed:
        points = None  # not the learner's fault, but the course's or the judge's
    return Outcome(task=task, state=result.state.value, points=points, result=result, tries=tries)
