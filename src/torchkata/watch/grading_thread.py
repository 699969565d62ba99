"""Background grading thread: one job at a time, cancelled by newer ones; starts workers ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from torchkata.course.exercise import Exercise
from torchkata.errors import Cancelled, CourseError, KataError
from torchkata.grading.checks.check import Check
from torchkata.grading.grade import Settings, read_submission
from torchkata.grading.prewarm import is_unused, prewarm, prewarmed_session
from torchkata.grading.processes import Submission
from torchkata.grading.run import grade_and_record
from torchkata.grading.seeds import random_seed
from torchkata.grading.session import Session
from torchkata.i18n import verbatim
from torchkata.learner.progress import Metrics
from torchkata.result import TWIN, ExerciseResult, State
from torchkata.sandbox.launcher import CancellableLauncher, Launcher
from torchkata.watch.events import CheckStarted, Event, GradingDone, StartGrading

_IDLE_BEFORE_PREWARMING: Final = 0.03  # seconds


@dataclass
class _Slot:
    """One grading, from the start of its first worker.

    Attributes:
        exercise: the exercise.
        settings: with the seed of this grading.
        launcher: starts its workers.
        session: created ahead.
        prewarming: starts one worker per step.
        ready: whether all workers are started.
    """

    exercise: Exercise
    settings: Settings
    launcher: CancellableLauncher
    session: Session = field(init=False)
    prewarming: Iterator[None] = field(init=False)
    ready: bool = False

    def __post_init__(self) -> None:
        seed, devices = self.settings.seed, self.settings.devices
        self.session = prewarmed_session(self.exercise, self.launcher, seed, devices)
        self.prewarming = prewarm(self.session)


class GradingThread:
    """Grades exercises in a background thread.

    Args:
        launcher: starts workers; nothing else may use it meanwhile.
        exercises: every exercise by id.
        send: receives events; called from the thread.
        devices: to grade on besides the CPU.
        best: returns the lowest metrics of an exercise's passes; None if none are recorded.
    """

    def __init__(
        self,
        launcher: Launcher,
        exercises: dict[str, Exercise],
        send: Callable[[Event], None],
        devices: tuple[str, ...] = (TWIN,),
        best: Callable[[str], Metrics | None] = lambda _exercise_id: None,
    ) -> None:
        self._launcher = launcher
        self._exercises = exercises
        self._send = send
        self._devices = devices
        self._best = best
        self._changed = threading.Condition()
        self._requested: StartGrading | None = None
        self._wanted_job = 0  # the job whose result is still wanted; 0 if there is none
        self._current = ""  # the exercise to prewarm
        self._running: CancellableLauncher | None = None
        self._closed = False
        self._slot: _Slot | None = None  # only the thread uses it
        self._thread = threading.Thread(target=self._run, name="grading", daemon=True)
        self._thread.start()

    def grade(self, request: StartGrading) -> None:
        """Start a job; the one that runs is cancelled."""
        with self._changed:
            self._requested, self._wanted_job = request, request.job
            self._cancel_running()

    def cancel(self) -> None:
        """Cancel the job that runs or waits."""
        with self._changed:
            self._requested, self._wanted_job = None, 0
            self._cancel_running()

    def prepare_for(self, exercise_id: str) -> None:
        """Start workers for an exercise ahead of its next job."""
        with self._changed:
            self._current = exercise_id
            self._changed.notify()

    def close(self, seconds: float = 5.0) -> None:
        """End the thread and all workers that it has started."""
        with self._changed:
            self._closed, self._wanted_job = True, 0
            self._cancel_running()
        self._thread.join(seconds)

    def _cancel_running(self) -> None:
        if self._running is not None:
            self._running.cancel()
        self._changed.notify()

    # In the thread

    def _run(self) -> None:
        try:
            while (task := self._next_task()) is not None:
                if isinstance(task, StartGrading):
                    self._grade(task)
                else:
                    self._prewarm(task)
        finally:
            self._close_slot()

    def _next_task(self) -> StartGrading | Exercise | None:
        """Wait for a job to run or an exercise to prewarm; return None when closed."""
        idle = False
        with self._changed:
            while not self._closed:
                if self._requested is not None:
                    request, self._requested = self._requested, None
                    return request
                exercise, slot = self._exercises.get(self._current), self._slot
                started = slot is not None and slot.exercise is exercise
                if exercise is None or (started and slot is not None and slot.ready):
                    self._changed.wait()
                elif started or idle:
                    return exercise
                else:
                    idle = not self._changed.wait(_IDLE_BEFORE_PREWARMING)
        return None

    def _slot_for(self, exercise: Exercise, seed: int | None = None) -> _Slot:
        slot = self._slot
        other_seed = seed is not None and slot is not None and slot.settings.seed != seed
        if slot is None or slot.exercise is not exercise or other_seed:
            self._close_slot()
            settings = Settings(seed=random_seed() if seed is None else seed, devices=self._devices)
            self._slot = slot = _Slot(exercise, settings, CancellableLauncher(self._launcher))
        return slot

    def _close_slot(self) -> None:
        if self._slot is not None:
            with suppress(KataError, OSError):
                self._slot.session.close()
        self._slot = None

    def _prewarm(self, exercise: Exercise) -> None:
        """Start one more worker."""
        slot = self._slot_for(exercise)
        try:
            next(slot.prewarming)
        except StopIteration:
            slot.ready = True
        except (KataError, OSError):  # grading reports what is wrong
            slot.ready = True

    def _grade(self, request: StartGrading) -> None:
        slot = self._slot_for(self._exercises[request.exercise_id], request.seed)
        with self._changed:
            if self._wanted_job != request.job:
                return
            self._running = slot.launcher

        def on_check(check: Check) -> None:
            if slot.launcher.cancelled:
                raise Cancelled("A newer job replaces this one.")
            self._send(CheckStarted(job=request.job, axis=check.axis))

        source = request.source
        try:
            submission = _submission(request, slot.exercise)
            source = None if submission is None else submission.source
            result = self._with_best(
                grade_and_record(
                    slot.exercise,
                    submission,
                    slot.launcher,
                    slot.settings,
                    None,  # the loop saves a result when it is accepted
                    on_check=on_check,
                    session=slot.session,
                )
            )
        except Exception as error:  # noqa: BLE001 - the thread goes on and reports what happened
            result = _error_result(slot.exercise, error)
        with self._changed:
            self._running = None
        cancelled = slot.launcher.cancelled
        if cancelled or not is_unused(slot.session):
            self._close_slot()
        if not cancelled:
            self._send(
                GradingDone(
                    job=request.job,
                    exercise_id=request.exercise_id,
                    source=source,
                    result=result,
                )
            )

    def _with_best(self, result: ExerciseResult) -> ExerciseResult:
        """Add the lowest metrics of earlier passes to the comparison, if there is one."""
        if result.comparison is None:
            return result
        comparison = replace(result.comparison, best=self._best(result.id))
        return replace(result, comparison=comparison)


def _submission(request: StartGrading, exercise: Exercise) -> Submission | None:
    if request.source is not None:
        return Submission(source=request.source, file=exercise.stub_path.name)
    return read_submission(exercise.stub_path)


def _error_result(exercise: Exercise, error: Exception) -> ExerciseResult:
    message = (
        error.message
        if isinstance(error, CourseError)
        else verbatim(f"{type(error).__name__}: {error}")
    )
    return ExerciseResult(
        id=exercise.id,
        name=exercise.name,
        chapter=exercise.chapter,
        state=State.ERROR,
        message=message,
    )
