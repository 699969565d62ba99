"""Reads the watched file and detects changes to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from torchkata.course.exercise import Exercise
from torchkata.errors import CourseError, KataError
from torchkata.grading.grade import read_submission
from torchkata.i18n import _
from torchkata.learner.statement import statement_paragraphs
from torchkata.watch.events import FileRead

_DEBOUNCE_STEP_MS: Final = 10  # without a change before changes are reported
_MAX_DEBOUNCE_MS: Final = 50
_FAST: Final = 0.1  # seconds between polls without events
_SLOW: Final = 1.0  # with events: some never arrive, such as those of a network folder


def read_file(exercise: Exercise) -> FileRead:
    """Read the learner's file."""
    try:
        submission = read_submission(exercise.stub_path)
    except KataError as error:
        return FileRead(exercise_id=exercise.id, source=None, fault=error.message)
    if submission is None:
        return FileRead(exercise_id=exercise.id, source=None)
    source = submission.source
    try:
        untouched = exercise.is_untouched(source)
    except CourseError:
        untouched = False  # grading reports what is wrong with the course
    if not untouched:
        return FileRead(exercise_id=exercise.id, source=source)
    statement = statement_paragraphs(source.decode("utf-8", "replace"))
    return FileRead(
        exercise_id=exercise.id,
        source=source,
        statement=statement or (_("Read the text at the top of the file."),),
    )


class PollingWatcher:
    """Polls one file: often until file events are known to arrive, then seldom.

    A network folder sends no events for changes on another machine, so polling never stops. If it
    detects a change without an event, it polls often again.

    Args:
        now: the clock.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._events_arrive = False
        self._next_poll = 0.0
        self._last_event = float("-inf")
        self._path: Path | None = None
        self._fingerprint: tuple[int, ...] | None = None

    def follow(self, path: Path) -> None:
        """Poll another file from now on."""
        self._path, self._fingerprint = path, _fingerprint(path)

    def on_event(self) -> None:
        """Note that an event has arrived."""
        self._events_arrive = True
        self._last_event = self._now()

    @property
    def polls_often(self) -> bool:
        """Whether no events are known to arrive."""
        return not self._events_arrive

    @property
    def wait(self) -> float:
        """Seconds until the next poll."""
        return max(0.0, self._next_poll - self._now())

    def poll(self) -> bool:
        """Return whether the file has changed since the last poll; False until it is time."""
        now = self._now()
        if now < self._next_poll or self._path is None:
            return False
        before, self._fingerprint = self._fingerprint, _fingerprint(self._path)
        changed = self._fingerprint != before
        if changed and now - self._last_event > _SLOW + _FAST:
            self._events_arrive = False
        self._next_poll = now + (_SLOW if self._events_arrive else _FAST)
        return changed


def _fingerprint(path: Path) -> tuple[int, ...] | None:
    """Return what changes when a file is written, replaced or deleted."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def watch_events(
    folder: Path, on_event: Callable[[], None], stop: threading.Event
) -> threading.Thread:
    """Start a thread that calls `on_event` whenever something in a folder changes.

    If the platform sends no events, it is never called, and polling has to detect changes.
    """

    def run() -> None:
        try:
            from watchfiles import watch  # noqa: PLC0415 - a broken package must not end watch mode

            for _changes in watch(
                folder,
                watch_filter=None,
                debounce=_MAX_DEBOUNCE_MS,
                step=_DEBOUNCE_STEP_MS,
                stop_event=stop,
                rust_timeout=1000,
                force_polling=False,
                raise_interrupt=False,
            ):
                on_event()
        except Exception:  # noqa: BLE001 - no watches left, a broken package: polling continues
            return

    thread = threading.Thread(target=run, name="file events", daemon=True)
    thread.start()
    return thread
