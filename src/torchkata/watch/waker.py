"""Wakes up a thread that waits in `select`, from other threads and from signal handlers."""

from __future__ import annotations

import socket
from contextlib import suppress


class Waker:
    """A pair of sockets: a byte written to one makes the other readable."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)  # noqa: FBT003 - the library's own signature

    def fileno(self) -> int:
        """Return the file descriptor to wait for."""
        return self._reader.fileno()

    def wake(self) -> None:
        """Wake up the waiting thread."""
        with suppress(OSError):  # full: it wakes up anyway; closed: it has ended
            self._writer.send(b"!")

    def clear(self) -> None:
        """Forget earlier wake-ups."""
        with suppress(BlockingIOError):
            self._reader.recv(4096)

    def close(self) -> None:
        """Close both sockets."""
        self._reader.close()
        self._writer.close()
