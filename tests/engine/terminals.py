"""A terminal for tests: runs a program in a pseudo-terminal, sends keys and reads its screen."""

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
from helpers import warm_server
from warm import WarmProcess


class Terminal:
    """One program in its own terminal.

    Args:
        words: the command.
        cwd: its working directory.
        size: columns and rows.
        environment: variables in addition to those of this process.
    """

    def __init__(
        self,
        words: Sequence[str],
        cwd: Path,
        size: tuple[int, int] = (80, 24),
        **environment: str,
    ) -> None:
        self._master, self._slave = pty.openpty()
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self._set_size(*size)
        self.modes_before = self.modes
        quiet = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        variables = {**quiet, "TERM": "xterm-256color", "LANG": "C.UTF-8", **environment}
        server = warm_server()
        self.process: subprocess.Popen[bytes] | WarmProcess
        if server is not None and words[0] == sys.executable:
            self.process = server.in_terminal([*words[1:]], cwd, variables, self._slave)
            return
        self.process = subprocess.Popen(
            words,
            cwd=cwd,
            env=variables,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )

    @property
    def modes(self) -> list[object]:
        """The current modes of the terminal."""
        return termios.tcgetattr(self._slave)

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
        os.write(self._master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Resize the window; the kernel notifies the program."""
        self.screen.resize(rows, columns)
        self._set_size(columns, rows)

    def pump(self, seconds: float) -> None:
        """Read what the program writes in this time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._read(left):
            pass

    def wait(self, what: str | Callable[[], object], seconds: float = 30) -> float:
        """Wait until the screen shows a text, or a condition holds; return the seconds passed."""
        start = time.monotonic()
        holds = (lambda: what in self.text) if isinstance(what, str) else what
        while not holds():
            left = start + seconds - time.monotonic()
            assert left > 0, f"timed out waiting for {what!r}; the screen:\n{self.text}"
            if not self._read(min(left, 0.2)) and self.process.poll() is not None:
                assert holds(), f"the program ended before {what!r}; the screen:\n{self.text}"
        return time.monotonic() - start

    def ended(self, seconds: float = 60) -> int:
        """Wait until the program ends; return its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self._read(0.05)
        self._read(0.1)
        return self.process.wait(timeout=1)

    def hang_up(self) -> None:
        """Close the terminal, like a closed window."""
        os.close(self._master)
        self._master = -1

    def close(self) -> None:
        """End the program if it still runs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def watching(course: Path, *words: str, **more: object) -> Terminal:
    """Start `torchkata watch` on a course."""
    return Terminal([sys.executable, "-m", "torchkata", "watch", *words], course, **more)
