"""One unit of grading: a learner's answer to one exercise, to what the gradebook keeps of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from torchkata.course.catalogue import Course, Exercise
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.result import ExerciseResult, State
from torchkata.sandbox.launcher import Launcher

_MORE_TRIES = 2  # where the clock could not decide


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be graded.

    Attributes:
        learner: who handed it in.
        exercise: the id.
        source: the file's bytes.
        file: its name.
        seed: of the hidden inputs; the same seed gives the same inputs again.
        key: names the source together with everything that judges it.
    """

    learner: str
    exercise_id: str
    source: bytes
    file: str
    seed: int
    key: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was found.

    Attributes:
        task: what was graded.
        state: of the exercise.
        points: what it earns; None where somebody has to look (the clock could not decide, or the
            judging itself broke).
        result: the exercise's part of the report.
        tries: how often it was judged.
    """

    task: Task
    state: str
    points: float | None
    result: ExerciseResult
    tries: int = 1


def key_of(source: bytes, graders: str) -> str:
    """Name a source and what judges it: an equal key has an equal verdict.

    Args:
        source: the file's bytes.
        graders: the digest of what judges it.
    """
    parts = [source, graders.encode()]
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def graders_digest(exercise: Exercise) -> str:
    """Name a grader, its reference and the engine."""
    parts = [
        exercise.grader_path.read_bytes(),
        exercise.reference_source,
        _engine_digest().encode(),
    ]
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()


@cache
def _engine_digest() -> str:
    found = hashlib.blake2b(digest_size=16)
    package = Path(__file__).parents[2]
    for path in sorted(package.rglob("*.py")):
        found.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def grade_task(course: Course, launcher: Launcher, task: Task) -> Outcome:
    """Judge one answer; where only the clock wavers, judge it again with the same inputs."""
    exercise = course.one(task.exercise_id)
    submission = Submission(source=task.source, file=task.file)
    tries = 0
    while True:
        tries += 1
        result = grade_one(exercise, submission, launcher, Settings(seed=task.seed))
        if result.state is not State.UNMEASURABLE or tries > _MORE_TRIES:
            return outcome(exercise, task, result, tries)


def outcome(exercise: Exercise, task: Task, result: ExerciseResult, tries: int = 1) -> Outcome:
    """What the gradebook keeps of a result."""
    weight = float(exercise.grader.spec.weight)
    points = {State.PASSED: weight, State.UNMEASURABLE: None}.get(result.state, 0.0)
    if result.state is State.ERROR and not result.failed:
        points = None  # not the answer's fault: the course's own, or the judge's
    return Outcome(task=task, state=result.state.value, points=points, result=result, tries=tries)
