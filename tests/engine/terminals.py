"""A terminal for tests: a program in a pseudo-terminal, its keys, and the screen that it draws."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import pyte


class Terminal:
    """One program in a terminal of its own.

    Args:
        words: the command.
        cwd: where it runs.
        size: columns and rows.
        environment: on top of this process's own.
    """

    def __init__(
        self,
        words: Sequence[str],
        cwd: Path,
        size: tuple[int, int] = (80, 24),
        **environment: str,
    ) -> None:
        self._ours, self._theirs = pty.openpty()
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self._set_size(*size)
        self.modes_before = self.modes
        quiet = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        self.process = subprocess.Popen(
            words,
            cwd=cwd,
            env={**quiet, "TERM": "xterm-256color", "LANG": "C.UTF-8", **environment},
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )

    @property
    def modes(self) -> list[object]:
        """The terminal's modes now."""
        return termios.tcgetattr(self._theirs)

    @property
    def lines(self) -> list[str]:
        """The rows of the screen."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size; the kernel tells the program."""
        self.screen.resize(rows, columns)
        self._set_size(columns, rows)

    def pump(self, seconds: float) -> None:
        """Take in what the program writes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._take(left):
            pass

    def wait(self, what: str | Callable[[], object], seconds: float = 30) -> float:
        """Wait until the screen shows a text, or a condition holds; return the seconds it took."""
        start = time.monotonic()
        holds = (lambda: what in self.text) if isinstance(what, str) else what
        while not holds():
            left = start + seconds - time.monotonic()
            assert left > 0, f"waited for {what!r} in vain; the screen:\n{self.text}"
            if not self._take(min(left, 0.2)) and self.process.poll() is not None:
                assert holds(), f"the program ended before {what!r}; the screen:\n{self.text}"
        return time.monotonic() - start

    def ended(self, seconds: float = 20) -> int:
        """Wait for the program's end; return its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self._take(0.05)
        self._take(0.1)
        return self.process.wait(timeout=1)

    def hang_up(self) -> None:
        """Close the terminal, as a window is closed."""
        os.close(self._ours)
        self._ours = -1

    def close(self) -> None:
        """End whatever still runs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for descriptor in (self._ours, self._theirs):
            if descriptor >= 0:
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._ours, 1 << 16)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def watching(course: Path, *words: str, **more: object) -> Terminal:
    """Start `torchkata watch` on a course."""
    return Terminal([sys.executable, "-m", "torchkata", "watch", *words], course, **more)
