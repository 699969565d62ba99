"""The judge's ends of a worker's three pipes: bytes in and out by a deadline, and printed text."""

from __future__ import annotations

import os
import select
import time
from typing import Final

MAX_OUTPUT: Final = 20_000  # bytes of a submission's printed text that are kept


class DeadlineError(Exception):
    """Raised when the deadline passes before the bytes were transferred."""


class HangUpError(Exception):
    """Raised when the worker has closed its end."""


class Pipes:
    """Three descriptors that never block the judge beyond a deadline.

    Args:
        request: the descriptor to write to.
        reply: the descriptor to read from.
        log: the descriptor that carries printed text, which is read while waiting.
    """

    def __init__(self, request: int, reply: int, log: int) -> None:
        self._request, self._reply, self._log = request, reply, log
        self._printed = bytearray()
        self._dropped = 0
        self._logging = self._open = True
        for descriptor in (request, reply, log):
            os.set_blocking(descriptor, False)
        self._poll = select.poll()
        self._poll.register(log, select.POLLIN)
        self._poll.register(reply, select.POLLIN)

    def read(self, count: int, deadline: float) -> bytearray:
        """Read exactly `count` bytes.

        Raises:
            DeadlineError: they did not arrive by then.
            HangUpError: they will never arrive.
        """
        data = bytearray(count)
        view, received = memoryview(data), 0
        while received < count:
            try:
                read = os.readv(self._reply, [view[received:]])
            except BlockingIOError:
                self._wait(deadline)
                continue
            if read == 0:
                raise HangUpError
            received += read
        return data

    def write(self, data: memoryview | bytes, deadline: float) -> None:
        """Write all of `data`.

        Raises:
            DeadlineError: the worker did not read it by then.
            HangUpError: the worker will never read it.
        """
        view = memoryview(data).cast("B")
        while view:
            try:
                view = view[os.write(self._request, view) :]
            except BlockingIOError:
                self._poll.register(self._request, select.POLLOUT)
                try:
                    self._wait(deadline)
                finally:
                    self._poll.unregister(self._request)
            except BrokenPipeError:
                raise HangUpError from None

    @property
    def output(self) -> str:
        """The text printed so far, bounded."""
        if self._open:  # once closed, the descriptors' numbers may belong to other files
            self._drain()
        text = self._printed.decode("utf-8", "replace")
        return text + (f"\n... and {self._dropped:,} more bytes" if self._dropped else "")

    def close(self) -> None:
        """Read the last printed text and close the judge's ends; calling it twice is harmless."""
        if not self._open:
            return
        self._drain()
        self._open = False
        for descriptor in (self._request, self._reply, self._log):
            os.close(descriptor)

    def _wait(self, deadline: float) -> None:
        """Wait until a descriptor is ready; drain printed text meanwhile."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise DeadlineError
        for descriptor, _event in self._poll.poll(left * 1000):
            if descriptor == self._log:
                self._drain()

    def _drain(self) -> None:
        while self._logging:
            try:
                data = os.read(self._log, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                self._poll.unregister(self._log)
                self._logging = False
            space = max(0, MAX_OUTPUT - len(self._printed))
            self._printed += data[:space]
            self._dropped += len(data[space:])
