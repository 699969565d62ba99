"""A run: grade exercises one after the other, record progress, and keep reports up to date."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.errors import CourseError, UsageError
from torchkata.grading.checks.check import Check
from torchkata.grading.grade import Settings, grade_one, read_submission, result_for
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.i18n import Message, _
from torchkata.learner.progress import Progress
from torchkata.learner.solution_excerpt import attach_comparison
from torchkata.result import CPU, TWIN, ExerciseResult, Report, State
from torchkata.sandbox.launcher import CancellableLauncher, Launcher


@dataclass(frozen=True, kw_only=True)
class Observer:
    """Callbacks of a run.

    Attributes:
        running: an exercise starts.
        check: a check starts.
        finished: an exercise is graded.
        updated: the report so far changed; it includes exercises that were not reached.
    """

    running: Callable[[Exercise], None] = lambda _exercise: None
    check: Callable[[Check], None] = lambda _check: None
    finished: Callable[[ExerciseResult], None] = lambda _result: None
    updated: Callable[[Report], None] = field(default=lambda _report: None)


def resolve_devices(wanted: Sequence[str], present: Sequence[str]) -> tuple[str, ...]:
    """Return the devices to judge: always the twin, and the accelerators that are named.

    Raises:
        UsageError: a device is not present.
    """
    devices = [TWIN]
    for name in wanted:
        if name in (CPU, "twin", TWIN):
            continue
        matching = [device for device in present if name in (device, device.split(":")[0])]
        if not matching:
            available = ", ".join([CPU, "twin", *present])
            raise UsageError(
                _(
                    "There is no device {name!r} here. Available: {available}.",
                    name=name,
                    available=available,
                )
            )
        devices.append(matching[0])
    return tuple(dict.fromkeys(devices))


def grade_and_record(
    exercise: Exercise,
    submission: Submission | None,
    launcher: Launcher | CancellableLauncher,
    settings: Settings,
    progress: Progress | None = None,
    *,
    on_check: Callable[[Check], None] = lambda _check: None,
    session: Session | None = None,
    own_file: bool = True,
    compare: bool = True,
) -> ExerciseResult:
    """Grade one exercise, record the result, and add the comparison after a pass.

    Every way in uses this function: the command line, watch, notebooks, pytest, the gradebook and
    autograders.

    Args:
        exercise: the exercise.
        submission: the file under judgment; None if it is missing.
        launcher: starts workers.
        settings: of the run.
        progress: where to record the result; None to record nothing.
        on_check: called before each check.
        session: a pre-started session; it is used up.
        own_file: whether the submission is the file in `exercises/`; see `Progress.record`.
        compare: whether a pass shows the reference; a gradebook must not store it.
    """
    result = grade_one(exercise, submission, launcher, settings, on_check, session)
    if submission is None or (progress is None and not compare):
        return result
    return record_and_compare(exercise, result, submission.source, progress, own_file=own_file)


def record_and_compare(
    exercise: Exercise,
    result: ExerciseResult,
    source: bytes,
    progress: Progress | None,
    *,
    own_file: bool = True,
) -> ExerciseResult:
    """Record a result and add the comparison after a pass; see `grade_and_record`.

    Args:
        exercise: the exercise.
        result: its result.
        source: the file that was graded.
        progress: where to record the result; None to record nothing.
        own_file: whether `source` is the file in `exercises/`; see `Progress.record`.
    """
    best = None if progress is None else progress.best(exercise.id)
    if progress is not None:
        progress.record(exercise, result, source, own_file=own_file)
    return attach_comparison(exercise, result, source, best)


def run(
    course: Course,
    exercises: Sequence[Exercise],
    launcher: Launcher,
    settings: Settings,
    *,
    folder: Path,
    confinement: Message,
    observer: Observer,
    progress: Progress | None = None,
) -> Report:
    """Grade exercises.

    Args:
        course: the course.
        exercises: which of its exercises.
        launcher: starts workers.
        settings: seed and devices.
        folder: holds the submissions in the layout of `exercises/`; a missing file is *todo*.
        confinement: a sentence on the confinement, for the report.
        observer: callbacks.
        progress: records the results of the learner's own files; those of other folders are not
            recorded.
    """
    is_own = folder.resolve() == (course.root / "exercises").resolve()
    recorded = progress if is_own else None
    results = {exercise.id: _not_run(exercise) for exercise in exercises}

    def current() -> Report:
        return build_report(results.values(), settings, confinement)

    observer.updated(current())
    for exercise in exercises:
        observer.running(exercise)
        result = _grade_file(exercise, launcher, settings, folder, observer, recorded)
        results[exercise.id] = result
        observer.finished(result)
        observer.updated(current())
    return current()


def _grade_file(
    exercise: Exercise,
    launcher: Launcher,
    settings: Settings,
    folder: Path,
    observer: Observer,
    progress: Progress | None,
) -> ExerciseResult:
    try:
        submission = read_submission(folder / exercise.chapter / f"{exercise.stem}.py")
    except CourseError as error:
        return result_for(exercise, State.ERROR, error.message)
    return grade_and_record(
        exercise, submission, launcher, settings, progress, on_check=observer.check
    )


def _not_run(exercise: Exercise) -> ExerciseResult:
    """Return what a report says about an exercise until it is graded: never a pass."""
    message = _("Not run: grading ended before it reached this exercise.")
    return result_for(exercise, State.ERROR, message)


def machine_info(confinement: Message) -> dict[str, Any]:
    """Describe the machine for the report."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "confinement": confinement,
    }


def build_report(
    results: Iterable[ExerciseResult], settings: Settings, confinement: Message
) -> Report:
    """Put results together."""
    return Report(
        version=version("torchkata"),
        seed=settings.seed,
        machine=machine_info(confinement),
        exercises=tuple(results),
    )
