"""The loop: waits for keys, saves, verdicts and signals, and does what each step asks for."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from types import FrameType
from typing import Final

from torchkata.course.catalogue import Course, Exercise
from torchkata.learner.progress import Progress
from torchkata.sandbox.launcher import Launcher
from torchkata.watch import effects as deeds
from torchkata.watch import file_watcher, key_parser
from torchkata.watch.events import (
    Effect,
    Event,
    Judge,
    Key,
    Open,
    Pause,
    Quit,
    Record,
    Resized,
    Stop,
    Woke,
)
from torchkata.watch.grading_thread import Bench
from torchkata.watch.key_bindings import press
from torchkata.watch.layout import frame
from torchkata.watch.reducer import open_item, step
from torchkata.watch.state import State
from torchkata.watch.terminal import Terminal

_HELD: Final = 0.2  # seconds for the second half of a file to be written
_ESCAPE: Final = 0.03  # seconds for the rest of a key's bytes to come
_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if os.name != "nt" else []))
_LONGEST: Final = 60.0


class Loop:
    """Everything that runs while somebody watches; entered once.

    Args:
        course: whose exercises.
        lessons: the ones shown.
        launcher: starts workers.
        terminal: entered already.
        state: to begin with.
        progress: remembers verdicts, hints and solutions seen.
        poll: whether to look at the file often whatever events arrive.
    """

    def __init__(
        self,
        course: Course,
        exercises: tuple[Exercise, ...],
        launcher: Launcher,
        terminal: Terminal,
        state: State,
        progress: Progress,
        *,
        poll: bool = False,
    ) -> None:
        self._lessons = {exercise.id: exercise for exercise in exercises}
        self._folder = course.root / "exercises"
        self._terminal = terminal
        self._state = state
        self._deeds = deeds.Deeds(course, self._lessons, progress)
        self._poll = poll
        self._looker = file_watcher.Looker()
        self._bell, self._ring = socket.socketpair()
        for end in (self._bell, self._ring):
            end.setblocking(False)  # noqa: FBT003 - the library's own signature
        self._events: deque[Event] = deque()
        self._caught: deque[int] = deque()
        self._changed = threading.Event()
        self._stop = threading.Event()
        self._pauses: list[tuple[float, int]] = []
        self._partial = b""
        self._code: int | None = None
        self._bench = Bench(launcher, self._lessons, self._tell, best=progress.best)

    @property
    def state(self) -> State:
        """What is known now."""
        return self._state

    def run(self) -> int:
        """Go on until somebody quits or the terminal is gone; return the exit code."""
        before = {number: signal.signal(number, self._catch) for number in self._signals()}
        watching = (
            [] if self._poll else [file_watcher.events(self._folder, self._changes, self._stop)]
        )
        try:
            self._begin()
            while self._code is None:
                self._draw()
                self._wait()
        finally:
            self._stop.set()
            for number, handler in before.items():
                signal.signal(number, handler)
        for thread in watching:
            thread.join(0.5)
        return self._code

    def close(self) -> None:
        """End the judging."""
        self._bench.close()
        self._bell.close()
        self._ring.close()

    # From other threads and signals

    def _tell(self, event: Event) -> None:
        self._events.append(event)
        self._wake()

    def _changes(self) -> None:
        self._changed.set()
        self._wake()

    def _catch(self, number: int, _frame: FrameType | None) -> None:
        self._caught.append(number)
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):  # full: it rings already; closed: nobody listens any more
            self._ring.send(b"!")

    @staticmethod
    def _signals() -> tuple[signal.Signals, ...]:
        return (*_ENDINGS, signal.SIGWINCH, signal.SIGTSTP)

    # The loop

    def _begin(self) -> None:
        columns, rows = self._terminal.size
        self._take(Resized(columns, rows))
        self._state, effects = open_item(self._state, self._state.at)
        self._do(effects)

    def _draw(self) -> None:
        try:
            self._terminal.draw(frame(self._state, self._terminal.look))
        except OSError:
            self._code = 128 + signal.SIGHUP

    def _wait(self) -> None:
        timeout = min(
            [_LONGEST, self._looker.wait, *(at - time.monotonic() for at, _ in self._pauses)]
        )
        if self._partial:
            timeout = min(timeout, _ESCAPE)
        ready, _, _ = select.select([self._terminal.input, self._bell], [], [], max(0.0, timeout))
        if self._bell in ready:
            with suppress(BlockingIOError):
                self._bell.recv(4096)
        while self._caught:
            self._signalled(self._caught.popleft())
        if self._terminal.input in ready:
            self._read()
        elif self._partial:
            self._press(b"", last=True)
        while self._events:
            self._take(self._events.popleft())
        self._look()
        due = [turn for at, turn in self._pauses if at <= time.monotonic()]
        self._pauses = [(at, turn) for at, turn in self._pauses if turn not in due]
        for turn in due:
            self._take(Woke(turn))

    def _look(self) -> None:
        told = self._changed.is_set()
        if told:
            self._changed.clear()
            self._looker.told()
        if self._looker.due() or told:
            self._take(file_watcher.look(self._lessons[self._state.item.id]))

    def _read(self) -> None:
        try:
            data = os.read(self._terminal.input, 4096)
        except OSError:
            data = b""
        if not data:  # the terminal is closed
            self._code = 128 + signal.SIGHUP
            return
        self._press(data)

    def _press(self, data: bytes, *, last: bool = False) -> None:
        pressed, self._partial = key_parser.parse(self._partial + data, last=last)
        for key in pressed:
            self._take(Key(key))

    def _signalled(self, number: int) -> None:
        if number in _ENDINGS:
            self._code = 128 + number
        elif number == signal.SIGWINCH:
            columns, rows = self._terminal.size
            self._take(Resized(columns, rows))
        elif number == signal.SIGTSTP:
            self._suspend()

    def _suspend(self) -> None:
        """Ctrl-Z: the shell gets its terminal as it was, and gives it back with `fg`."""
        self._terminal.__exit__(None, None, None)
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)
        self._terminal.__enter__()
        columns, rows = self._terminal.size
        self._take(Resized(columns, rows))

    def _take(self, event: Event) -> None:
        if isinstance(event, Key):
            self._state, effects = press(self._state, event.name, self._terminal.look)
        else:
            self._state, effects = step(self._state, event)
        self._do(effects)

    def _do(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Open(id=id_):
                    self._looker.follow(self._lessons[id_].stub)
                    self._bench.expect(id_)
                    self._take(file_watcher.look(self._lessons[id_]))
                case Judge():
                    self._bench.judge(effect)
                case Stop():
                    self._bench.stop()
                case Pause(turn=turn):
                    self._pauses.append((time.monotonic() + _HELD, turn))
                case Quit():
                    self._code = 0
                case Record():
                    self._draw()  # before a disk that may be slow
                    self._deeds.record(effect)
                case _:
                    self._take(self._deeds.do(effect, self._state))
                    self._take(file_watcher.look(self._lessons[self._state.item.id]))
