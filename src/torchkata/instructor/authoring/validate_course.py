"""Validate many exercises on all cores: one judge per process, one exercise at a time."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.instructor.authoring.validate import Validator
from torchkata.instructor.gradebook.cpu_slots import cpu_slot
from torchkata.instructor.gradebook.local_pool import end_with_parent
from torchkata.sandbox.launcher import Launcher, WorkerConfig

_course: Course | None = None
_validator: Validator | None = None


def validate_course(
    course: Course, exercises: Sequence[Exercise], *, jobs: int, seed: int, limit: float
) -> Iterator[tuple[Exercise, list[str]]]:
    """Validate exercises side by side and yield their problems in the order of the exercises.

    Speed checks take turns, as in the gradebook.

    Args:
        course: The course.
        exercises: Which of its exercises.
        jobs: How many exercises are validated at a time.
        seed: Seed of the hidden inputs.
        limit: Seconds that one request to a sample may take.
    """
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="torchkata-locks-") as locks:
        numbers = context.Queue()
        for number in range(jobs):
            numbers.put(number)
        set_up = partial(_init_worker, str(course.root), locks, numbers, seed, limit)
        with ProcessPoolExecutor(jobs, context, set_up) as pool:
            problems = pool.map(_validate, [exercise.id for exercise in exercises])
            yield from zip(exercises, problems, strict=True)


def _init_worker(
    root: str, locks: str, numbers: multiprocessing.Queue[int], seed: int, limit: float
) -> None:
    """Set up this process as a judge with its own zygote and CPU slot."""
    global _course, _validator  # noqa: PLW0603 - this process belongs to one judge
    end_with_parent()
    slot = cpu_slot(Path(locks), numbers.get())
    slot.pin()
    _course = Course(Path(root))
    launcher = Launcher(WorkerConfig(limit=limit, timing_lock=slot.timing_lock))
    _validator = Validator(launcher, seed)


def _validate(exercise_id: str) -> list[str]:
    assert _course is not None
    assert _validator is not None
    return _validator.problems(_course.one(exercise_id))
