"""The judge's ends of a worker's three pipes: bytes in and out by a deadline, and its prints."""

from __future__ import annotations

import os
import select
import time
from typing import Final

MOST_OUTPUT: Final = 20_000  # bytes of a submission's prints that are kept


class DeadlineError(Exception):
    """The deadline has passed, and what was waited for has not come."""


class HangUpError(Exception):
    """The worker's end is closed."""


class Pipes:
    """Three descriptors that never block the judge for longer than it asked for.

    Args:
        request: to write to.
        answer: to read from.
        log: carries the worker's prints, which are taken in while anything is waited for.
    """

    def __init__(self, request: int, answer: int, log: int) -> None:
        self._request, self._answer, self._log = request, answer, log
        self._printed = bytearray()
        self._dropped = 0
        self._logging = self._open = True
        for descriptor in (request, answer, log):
            os.set_blocking(descriptor, False)
        self._poll = select.poll()
        self._poll.register(log, select.POLLIN)
        self._poll.register(answer, select.POLLIN)

    def read(self, count: int, deadline: float) -> bytearray:
        """Read exactly `count` bytes.

        Raises:
            DeadlineError: they have not come by then.
            HangUpError: they will never come.
        """
        data = bytearray(count)
        view, got = memoryview(data), 0
        while got < count:
            try:
                read = os.readv(self._answer, [view[got:]])
            except BlockingIOError:
                self._wait(deadline)
                continue
            if read == 0:
                raise HangUpError
            got += read
        return data

    def write(self, data: memoryview | bytes, deadline: float) -> None:
        """Write all of it.

        Raises:
            DeadlineError: the worker has not taken it by then.
            HangUpError: the worker will never take it.
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
        """What the worker printed so far, bounded."""
        if self._open:  # once closed, the numbers of the descriptors may stand for others
            self._drain()
        text = self._printed.decode("utf-8", "replace")
        return text + (f"\n... and {self._dropped:,} bytes more" if self._dropped else "")

    def close(self) -> None:
        """Take in the last prints and close the judge's ends; asking twice is harmless."""
        if not self._open:
            return
        self._drain()
        self._open = False
        for descriptor in (self._request, self._answer, self._log):
            os.close(descriptor)

    def _wait(self, deadline: float) -> None:
        """Wait until something can be read or written; prints are drained on the way."""
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
            room = max(0, MOST_OUTPUT - len(self._printed))
            self._printed += data[:room]
            self._dropped += len(data[room:])
