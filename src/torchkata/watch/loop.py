"""The event loop: waits for keys, file changes, results and signals, and runs effects."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections import deque
from types import FrameType
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.learner.progress import Progress
from torchkata.result import Localize
from torchkata.sandbox.launcher import Launcher
from torchkata.watch import file_watcher, key_parser
from torchkata.watch.effects import EffectRunner
from torchkata.watch.events import (
    CancelGrading,
    Effect,
    Event,
    Key,
    OpenExercise,
    Quit,
    Resized,
    SaveResult,
    StartGrading,
    StartTimer,
    TimerFired,
)
from torchkata.watch.grading_thread import GradingThread
from torchkata.watch.key_bindings import on_key
from torchkata.watch.layout import frame
from torchkata.watch.reducer import open_exercise, update
from torchkata.watch.state import WatchState
from torchkata.watch.terminal import Terminal
from torchkata.watch.view import View
from torchkata.watch.waker import Waker

_HOLD: Final = 0.2  # seconds for an editor to write the rest of a file
_ESCAPE: Final = 0.03  # seconds for the remaining bytes of a key to arrive
_MAX_WAIT: Final = 60.0
_FATAL_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SIGNALS: Final = (*_FATAL_SIGNALS, signal.SIGWINCH, signal.SIGTSTP)


class Loop:
    """The event loop of watch mode; runs once.

    Args:
        course: the course.
        exercises: the exercises to show.
        launcher: starts workers.
        terminal: already entered.
        state: the first state.
        progress: where results, hints and solutions are recorded.
        localize: the language to show.
        poll: whether to poll the file often instead of waiting for file events.
    """

    def __init__(
        self,
        course: Course,
        exercises: tuple[Exercise, ...],
        launcher: Launcher,
        terminal: Terminal,
        state: WatchState,
        progress: Progress,
        localize: Localize,
        *,
        poll: bool = False,
    ) -> None:
        self._exercises = {exercise.id: exercise for exercise in exercises}
        self._folder = course.root / "exercises"
        self._terminal = terminal
        self._state = state
        self._view = View(caps=terminal.caps, localize=localize)
        self._effects = EffectRunner(course, self._exercises, progress, localize)
        self._poll = poll
        self._watcher = file_watcher.PollingWatcher()
        self._waker = Waker()
        self._events: deque[Event] = deque()
        self._signals: deque[int] = deque()
        self._file_event = threading.Event()
        self._stop = threading.Event()
        self._timers: list[tuple[float, int]] = []
        self._unparsed = b""
        self._exit_code: int | None = None
        self._grading = GradingThread(launcher, self._exercises, self._send, best=progress.best)

    @property
    def state(self) -> WatchState:
        """The current state."""
        return self._state

    def run(self) -> int:
        """Run until the learner quits or the terminal is gone; return the exit code."""
        handlers = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        threads = []
        if not self._poll:
            threads.append(file_watcher.watch_events(self._folder, self._on_file_event, self._stop))
        try:
            self._resize()
            self._state, effects = open_exercise(self._state, self._state.index)
            self._run_effects(effects)
            while self._exit_code is None:
                self._draw()
                self._wait()
        finally:
            self._stop.set()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        for thread in threads:
            thread.join(0.5)
        return self._exit_code

    def close(self) -> None:
        """End the grading thread."""
        self._grading.close()
        self._waker.close()

    # Called from other threads and signal handlers

    def _send(self, event: Event) -> None:
        self._events.append(event)
        self._waker.wake()

    def _on_file_event(self) -> None:
        self._file_event.set()
        self._waker.wake()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)
        self._waker.wake()

    # The loop

    def _draw(self) -> None:
        try:
            self._terminal.draw(frame(self._state, self._view))
        except OSError:
            self._exit_code = 128 + signal.SIGHUP

    def _wait(self) -> None:
        """Wait for something to happen, and handle it."""
        timers = (at - time.monotonic() for at, _job in self._timers)
        timeout = max(0.0, min([_MAX_WAIT, self._watcher.wait, *timers]))
        if self._unparsed:
            timeout = min(timeout, _ESCAPE)
        ready, _writable, _failed = select.select(
            [self._terminal.input, self._waker], [], [], timeout
        )
        if self._waker in ready:
            self._waker.clear()
        while self._signals:
            self._handle_signal(self._signals.popleft())
        if self._terminal.input in ready:
            self._read_keys()
        elif self._unparsed:
            self._handle_keys(b"", complete=True)
        while self._events:
            self._handle(self._events.popleft())
        self._check_file()
        self._fire_timers()

    def _check_file(self) -> None:
        event_arrived = self._file_event.is_set()
        if event_arrived:
            self._file_event.clear()
            self._watcher.on_event()
        if self._watcher.poll() or event_arrived:
            self._read_file()

    def _read_file(self) -> None:
        self._handle(file_watcher.read_file(self._exercises[self._state.exercise.id]))

    def _fire_timers(self) -> None:
        now = time.monotonic()
        due = [job for at, job in self._timers if at <= now]
        self._timers = [(at, job) for at, job in self._timers if at > now]
        for job in due:
            self._handle(TimerFired(job))

    def _read_keys(self) -> None:
        try:
            data = os.read(self._terminal.input, 4096)
        except OSError:
            data = b""
        if not data:  # the terminal is closed
            self._exit_code = 128 + signal.SIGHUP
            return
        self._handle_keys(data)

    def _handle_keys(self, data: bytes, *, complete: bool = False) -> None:
        names, self._unparsed = key_parser.parse(self._unparsed + data, complete=complete)
        for name in names:
            self._handle(Key(name))

    def _handle_signal(self, number: int) -> None:
        if number in _FATAL_SIGNALS:
            self._exit_code = 128 + number
        elif number == signal.SIGWINCH:
            self._resize()
        elif number == signal.SIGTSTP:
            self._suspend()

    def _resize(self) -> None:
        columns, rows = self._terminal.size
        self._handle(Resized(columns, rows))

    def _suspend(self) -> None:
        """Give the terminal back to the shell until `fg` resumes this process."""
        self._terminal.__exit__(None, None, None)
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)
        self._terminal.__enter__()
        self._resize()

    def _handle(self, event: Event) -> None:
        if isinstance(event, Key):
            self._state, effects = on_key(self._state, event.name, self._view)
        else:
            self._state, effects = update(self._state, event)
        self._run_effects(effects)

    def _run_effects(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case OpenExercise(exercise_id=exercise_id):
                    self._watcher.follow(self._exercises[exercise_id].stub_path)
                    self._grading.prepare_for(exercise_id)
                    self._read_file()
                case StartGrading():
                    self._grading.grade(effect)
                case CancelGrading():
                    self._grading.cancel()
                case StartTimer(job=job):
                    self._timers.append((time.monotonic() + _HOLD, job))
                case Quit():
                    self._exit_code = 0
                case SaveResult():
                    self._draw()  # before a disk that may be slow
                    self._effects.save(effect)
                case _:
                    self._handle(self._effects.run(effect, self._state))
                    self._read_file()
