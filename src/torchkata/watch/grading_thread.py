"""The judging thread: one judgement at a time, called off by a newer one, its processes ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from torchkata.course.catalogue import Exercise
from torchkata.errors import Cancelled, CourseError, KataError
from torchkata.grading.checks.check import Check
from torchkata.grading.grade import Settings, grade_one, read
from torchkata.grading.prewarm import fresh, prepare, prewarmed_session
from torchkata.grading.processes import Submission
from torchkata.grading.run import random_seed
from torchkata.grading.session import Session
from torchkata.learner.progress import Best
from torchkata.learner.solution_excerpt import compared
from torchkata.result import ExerciseResult, State
from torchkata.sandbox.launcher import Launcher, Lease
from torchkata.watch.events import Checking, Event, Judge, Judged


@dataclass
class _Place:
    """One judgement, from its first process on.

    Attributes:
        lesson: the exercise.
        settings: with a seed of its own.
        lease: starts its workers.
        session: made ahead.
        steps: of getting ready.
    """

    exercise: Exercise
    settings: Settings
    lease: Lease
    session: Session = field(init=False)
    steps: Iterator[None] = field(init=False)
    ready: bool = False

    def __post_init__(self) -> None:
        seed, devices = self.settings.seed, self.settings.devices
        self.session = prewarmed_session(self.exercise, self.lease, seed, devices)
        self.steps = prepare(self.session)


_CALM = 0.03  # seconds without a wish before processes are started ahead


class Bench:
    """Judges what it is asked to, in a thread of its own.

    Args:
        launcher: starts workers; nobody else may use it meanwhile.
        lessons: every exercise by id.
        tell: takes in what happened; called from the thread.
        devices: to judge besides the CPU.
        best: the lowest figures of an exercise's passes; None where nothing is remembered.
    """

    def __init__(
        self,
        launcher: Launcher,
        exercises: dict[str, Exercise],
        tell: Callable[[Event], None],
        devices: tuple[str, ...] = ("twin:0",),
        best: Callable[[str], Best | None] = lambda _id: None,
    ) -> None:
        self._launcher = launcher
        self._lessons = exercises
        self._tell = tell
        self._devices = devices
        self._best = best
        self._change = threading.Condition()
        self._asked: Judge | None = None  # to be taken up
        self._turn = 0  # of the judgement that is wanted; 0 for none
        self._current = ""  # the exercise to be ready for
        self._running: Lease | None = None
        self._closed = False
        self._place: _Place | None = None  # of the thread alone, as all below it
        self._thread = threading.Thread(target=self._run, name="bench", daemon=True)
        self._thread.start()

    def judge(self, asked: Judge) -> None:
        """Judge this now, instead of whatever is being judged."""
        with self._change:
            self._asked, self._turn = asked, asked.turn
            self._call_off()

    def stop(self) -> None:
        """Judge nothing."""
        with self._change:
            self._asked, self._turn = None, 0
            self._call_off()

    def expect(self, exercise_id: str) -> None:
        """Have processes ready for an exercise."""
        with self._change:
            self._current = exercise_id
            self._change.notify()

    def close(self, seconds: float = 5.0) -> None:
        """End the thread and every process that it started."""
        with self._change:
            self._closed, self._turn = True, 0
            self._call_off()
        self._thread.join(seconds)

    def _call_off(self) -> None:
        if self._running is not None:
            self._running.cancel()
        self._change.notify()

    def _run(self) -> None:
        try:
            while (asked := self._next()) is not None:
                if isinstance(asked, Judge):
                    self._judge(asked)
                else:
                    self._get_ready(asked)
        finally:
            self._leave()

    def _next(self) -> Judge | Exercise | None:
        """Wait for something to judge or to get ready for; None for the end."""
        calm = False
        with self._change:
            while not self._closed:
                if self._asked is not None:
                    asked, self._asked = self._asked, None
                    return asked
                wanted, place = self._lessons.get(self._current), self._place
                begun = place is not None and place.exercise is wanted
                if wanted is None or (begun and place is not None and place.ready):
                    self._change.wait()
                elif begun or calm:
                    return wanted
                else:
                    calm = not self._change.wait(_CALM)
        return None

    def _place_for(self, exercise: Exercise, seed: int | None = None) -> _Place:
        place = self._place
        other = seed is not None and place is not None and place.settings.seed != seed
        if place is None or place.exercise is not exercise or other:
            self._leave()
            settings = Settings(seed=random_seed() if seed is None else seed, devices=self._devices)
            self._place = place = _Place(exercise, settings, Lease(self._launcher))
        return place

    def _leave(self) -> None:
        if self._place is not None:
            with suppress(KataError, OSError):
                self._place.session.close()
        self._place = None

    def _get_ready(self, exercise: Exercise) -> None:
        """Start one more process."""
        place = self._place_for(exercise)
        try:
            next(place.steps)
        except StopIteration:
            place.ready = True
        except (KataError, OSError):  # the judgement will say what is wrong
            place.ready = True

    def _judge(self, asked: Judge) -> None:
        place = self._place_for(self._lessons[asked.id], asked.seed)
        with self._change:
            if self._turn != asked.turn:
                return
            self._running = place.lease

        def checking(check: Check) -> None:
            if place.lease.cancelled:
                raise Cancelled("A newer file is there.")
            self._tell(Checking(turn=asked.turn, check=check.axis))

        source = asked.source
        try:
            submission = _submission(asked, place.exercise)
            source = None if submission is None else submission.source
            result = grade_one(
                place.exercise, submission, place.lease, place.settings, checking, place.session
            )
            if source is not None:
                result = compared(place.exercise, result, source, self._best(asked.id))
        except Exception as error:  # noqa: BLE001 - the loop goes on, and says what happened
            result = _stumbled(place.exercise, error)
        with self._change:
            self._running = None
        cancelled = place.lease.cancelled
        if cancelled or not fresh(place.session):
            self._leave()
        if not cancelled:
            self._tell(Judged(turn=asked.turn, id=asked.id, source=source, result=result))


def _submission(asked: Judge, exercise: Exercise) -> Submission | None:
    if asked.source is not None:
        return Submission(source=asked.source, file=exercise.stub_path.name)
    return read(exercise.stub_path)


def _stumbled(exercise: Exercise, error: Exception) -> ExerciseResult:
    text = str(error) if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
    return ExerciseResult(
        id=exercise.id,
        name=exercise.name,
        chapter=exercise.chapter,
        state=State.ERROR,
        message=text,
    )
