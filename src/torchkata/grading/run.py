"""A run: the selected exercises judged one after the other, with reports kept up to date."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torchkata.course.catalogue import Course, Exercise
from torchkata.errors import CourseError, UsageError
from torchkata.grading.checks.check import Check
from torchkata.grading.grade import Settings, grade_one, read, report
from torchkata.i18n import _
from torchkata.learner.progress import Progress
from torchkata.learner.solution_excerpt import compared
from torchkata.result import ExerciseResult, Report, State
from torchkata.sandbox.launcher import Launcher


@dataclass(frozen=True, kw_only=True)
class Observer:
    """Somebody who is told what happens in a run.

    Attributes:
        running: an exercise begins.
        check: a check begins.
        finished: an exercise is judged.
        updated: the report so far, exercises that were not reached included.
    """

    running: Callable[[Exercise], None] = lambda _lesson: None
    check: Callable[[Check], None] = lambda _check: None
    finished: Callable[[ExerciseResult], None] = lambda _result: None
    updated: Callable[[Report], None] = field(default=lambda _report: None)


def random_seed() -> int:
    """Draw a seed that nobody can foresee."""
    return secrets.randbelow(1 << 32)


def resolve_devices(wanted: Sequence[str], present: Sequence[str]) -> tuple[str, ...]:
    """The devices to judge: the twin always, real ones as asked for.

    Raises:
        UsageError: a device is not present.
    """
    devices = ["twin:0"]
    for name in wanted:
        if name in ("cpu", "twin", "twin:0"):
            continue
        found = [device for device in present if name in (device, device.split(":")[0])]
        if not found:
            here = ", ".join(["cpu", "twin", *present])
            raise UsageError(
                _("There is no device {name!r} here; there are {known}.", name=name, known=here)
            )
        devices.append(found[0])
    return tuple(dict.fromkeys(devices))


def run(
    course: Course,
    exercises: Sequence[Exercise],
    launcher: Launcher,
    settings: Settings,
    *,
    folder: Path,
    confined: str,
    observer: Observer,
    progress: Progress | None = None,
) -> Report:
    """Judge exercises.

    Args:
        course: that they belong to.
        lessons: which of them.
        launcher: starts workers.
        settings: seed and devices.
        folder: holds the submissions in the layout of `exercises/`; a missing file is *todo*.
        confined: a sentence on the confinement, for the report.
        observer: told what happens.
        progress: remembers how the learner's own exercises went; nothing of another folder's.
    """
    own = folder.resolve() == (course.root / "exercises").resolve()
    memory = progress if own else None
    results = {exercise.id: _not_run(exercise) for exercise in exercises}

    def current() -> Report:
        return report(results.values(), settings, confined)

    observer.updated(current())
    for exercise in exercises:
        observer.running(exercise)
        results[exercise.id] = result = _judge(
            exercise, launcher, settings, folder, observer, memory
        )
        observer.finished(result)
        observer.updated(current())
    return current()


def _judge(
    exercise: Exercise,
    launcher: Launcher,
    settings: Settings,
    folder: Path,
    observer: Observer,
    memory: Progress | None,
) -> ExerciseResult:
    try:
        submission = read(folder / exercise.chapter / f"{exercise.stem}.py")
    except CourseError as error:
        return ExerciseResult(
            id=exercise.id,
            name=exercise.name,
            chapter=exercise.chapter,
            state=State.ERROR,
            message=str(error),
        )
    result = grade_one(exercise, submission, launcher, settings, observer.check)
    return result if submission is None else remember(exercise, result, submission.source, memory)


def remember(
    exercise: Exercise, result: ExerciseResult, source: bytes, memory: Progress | None
) -> ExerciseResult:
    """Note how a file was judged; a pass comes back with the comparison to be shown.

    Args:
        lesson: the exercise.
        result: how it was judged.
        source: the file that was judged.
        memory: where to note it; None to note nothing.
    """
    best = None if memory is None else memory.best(exercise.id)
    if memory is not None:
        memory.record(exercise, result, source)
    return compared(exercise, result, source, best)


def _not_run(exercise: Exercise) -> ExerciseResult:
    """What a report says of an exercise until it is judged: never a pass."""
    return ExerciseResult(
        id=exercise.id,
        name=exercise.name,
        chapter=exercise.chapter,
        state=State.ERROR,
        message=_("Not run: the judging ended before this exercise was reached."),
    )
