"""Files: what the current one holds now, and word that something has changed."""

from __future__ import annotations

import ast
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Exercise, digest
from torchkata.errors import CourseError
from torchkata.grading.grade import read
from torchkata.i18n import _
from torchkata.watch.events import Saw

_STEP_MS: Final = 10  # of quiet before a change is told
_MOST_MS: Final = 50
_OFTEN: Final = 0.1  # seconds between two looks where no events arrive
_SELDOM: Final = 1.0  # where they do: some never come, such as those of another machine


def look(exercise: Exercise) -> Saw:
    """Read the learner's file."""
    try:
        submission = read(exercise.stub_path)
    except (CourseError, OSError) as error:
        return Saw(id=exercise.id, source=None, fault=str(error))
    if submission is None:
        return Saw(id=exercise.id, source=None)
    source = submission.source
    try:
        shipped = digest(source) == exercise.grader.spec.stub_digest
    except CourseError:
        shipped = False  # the verdict says what is wrong with the course
    return Saw(id=exercise.id, source=source, text=_statement(source) if shipped else "")


def _statement(source: bytes) -> str:
    """The text at the top of a stub as shipped: the course's own, so it may be parsed."""
    try:
        return ast.get_docstring(ast.parse(source)) or ""
    except (SyntaxError, ValueError):
        return _("Read the text at the top of the file.")


class Looker:
    """Looks at one file every now and then: often until events are known to arrive.

    Events of a file system that another machine writes to never come, so that the looking goes
    on, once a second; a change that it finds and no event told of makes it look often again.

    Args:
        now: the clock.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._events = False
        self._next = 0.0
        self._told = float("-inf")
        self._path: Path | None = None
        self._known: tuple[int, ...] | None = None

    def follow(self, path: Path) -> None:
        """Look at another file from now on."""
        self._path, self._known = path, _mark(path)

    def told(self) -> None:
        """An event has arrived: something has changed."""
        self._events = True
        self._told = self._now()

    @property
    def often(self) -> bool:
        """Whether no events are known to arrive."""
        return not self._events

    @property
    def wait(self) -> float:
        """Seconds until the next look."""
        return max(0.0, self._next - self._now())

    def due(self) -> bool:
        """Whether the file has changed; asked when the wait is over, it looks."""
        now = self._now()
        if now < self._next or self._path is None:
            return False
        mark, before = _mark(self._path), self._known
        self._known = mark
        changed = mark != before
        if changed and now - self._told > _SELDOM + _OFTEN:
            self._events = False
        self._next = now + (_SELDOM if self._events else _OFTEN)
        return changed


def _mark(path: Path) -> tuple[int, ...] | None:
    """What changes when a file is written, replaced or removed."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def events(folder: Path, told: Callable[[], None], stop: threading.Event) -> threading.Thread:
    """Call `told` from a thread of its own whenever something below a folder changes.

    Where there are no events to be had, it is never called: `Looker` sees to that.
    """

    def run() -> None:
        try:
            from watchfiles import watch  # noqa: PLC0415 - only where somebody watches

            for _changes in watch(
                folder,
                watch_filter=None,
                debounce=_MOST_MS,
                step=_STEP_MS,
                stop_event=stop,
                rust_timeout=1000,
                force_polling=False,
                raise_interrupt=False,
            ):
                told()
        except Exception:  # noqa: BLE001 - no watches left, a broken package: looking goes on
            return

    thread = threading.Thread(target=run, name="events", daemon=True)
    thread.start()
    return thread
