"""Validate many exercises on all cores: one judge per process, one exercise at a time."""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.instructor.authoring.findings import Findings
from torchkata.instructor.authoring.validate import Validator
from torchkata.instructor.gradebook.cpu_slots import cpu_slot
from torchkata.instructor.gradebook.local_pool import end_with_parent
from torchkata.sandbox.launcher import Launcher, WorkerConfig

_SECONDS_BETWEEN_LINES: Final = 5.0

_course: Course | None = None
_settings: GateSettings | None = None
_validator: Validator | None = None


@dataclass(frozen=True, kw_only=True)
class GateSettings:
    """Settings of a validation.

    Attributes:
        jobs: how many exercises are validated at a time.
        seed: of the hidden inputs.
        limit: seconds that one request to a sample may take.
        mutants: how many mutants of each reference are judged, besides those that are marked.
        salt: decides which of them.
    """

    jobs: int
    seed: int
    limit: float
    mutants: int = 0
    salt: str = "0"


def validate_course(
    course: Course, exercises: Sequence[Exercise], settings: GateSettings
) -> Iterator[tuple[Exercise, Findings]]:
    """Validate exercises side by side and yield what was found in the order of the exercises.

    Speed checks take turns, as in the gradebook.

    Args:
        course: The course.
        exercises: Which of its exercises.
        settings: Of the validation.
    """
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="torchkata-locks-") as locks:
        numbers = context.Queue()
        for number in range(settings.jobs):
            numbers.put(number)
        set_up = partial(_init_worker, str(course.root), locks, numbers, settings)
        with ProcessPoolExecutor(settings.jobs, context, set_up) as pool:
            findings = pool.map(_validate, [exercise.id for exercise in exercises])
            yield from zip(exercises, findings, strict=True)


def _init_worker(
    root: str, locks: str, numbers: multiprocessing.Queue[int], settings: GateSettings
) -> None:
    """Set up this process as a judge with its own zygote and CPU slot."""
    global _course, _validator, _settings  # noqa: PLW0603 - this process belongs to one judge
    end_with_parent()
    slot = cpu_slot(Path(locks), numbers.get())
    slot.pin()
    _course, _settings = Course(Path(root)), settings
    launcher = Launcher(WorkerConfig(limit=settings.limit, timing_lock=slot.timing_lock))
    _validator = Validator(launcher, settings.seed)


def _validate(exercise_id: str) -> Findings:
    assert _course is not None
    assert _validator is not None
    assert _settings is not None
    exercise = _course.one(exercise_id)
    _validator.on_progress = Progress(exercise_id)
    return _validator.findings(exercise, _settings.mutants, _settings.salt)


class Progress:
    """Prints what a validation is doing, at most every few seconds, to stderr.

    Args:
        exercise_id: the exercise.
    """

    def __init__(self, exercise_id: str) -> None:
        self._exercise_id = exercise_id
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES

    def __call__(self, text: str) -> None:
        """Print what is judged next, unless something was printed just now."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SECONDS_BETWEEN_LINES
            print(f"   ...   {self._exercise_id}: {text}", file=sys.stderr, flush=True)  # noqa: T201
