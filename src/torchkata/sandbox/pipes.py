"""The judge's ends of a worker's three pipes: bytes in and out by a deadline, and printed text."""

from __future__ import annotations

import os
import re
import select
import time
from typing import Final, Protocol

from torchkata.worker.frames import STACK

MAX_OUTPUT: Final = 20_000  # bytes of a submission's printed text that are kept
_CHUNK: Final = 1 << 16
_MOST_CHUNKS: Final = 64  # of any pipe that are moved before the deadline is looked at again


class Deadline(Protocol):
    """Limits how long a transfer may take."""

    def left(self) -> float:
        """Return after how many seconds to ask again; raise an error when the time is over."""


_STACK: Final = re.compile(STACK.encode())


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
        self._logging = self._open = self._keep = True
        for descriptor in (request, reply, log):
            os.set_blocking(descriptor, False)
        self._poll = select.poll()
        self._poll.register(log, select.POLLIN)
        self._poll.register(reply, select.POLLIN)

    def read(self, count: int, deadline: Deadline) -> bytearray:
        """Read exactly `count` bytes.

        Raises:
            DeadlineError: they did not arrive in time.
            HangUpError: they will never arrive.
        """
        data = bytearray(count)
        view, received, chunks = memoryview(data), 0, 0
        while received < count:
            chunks += 1
            if chunks % _MOST_CHUNKS == 0:  # single bytes may arrive faster than they are read
                deadline.left()
            try:
                read = os.readv(self._reply, [view[received:]])
            except BlockingIOError:
                self._wait(deadline)
                continue
            if read == 0:
                raise HangUpError
            received += read
        return data

    def write(self, data: memoryview | bytes, deadline: Deadline) -> None:
        """Write all of `data`.

        Raises:
            DeadlineError: the worker did not read it in time.
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

    def read_stack(self, seconds: float) -> int:
        """Read the stack that the worker prints when it is asked to; nothing printed is kept now.

        Args:
            seconds: how long to wait for it.

        Returns:
            The line of the submission that is running; 0 if none was printed.
        """
        self._drain()
        self._keep = False
        end, text = time.monotonic() + seconds, b""
        log = select.poll()
        log.register(self._log, select.POLLIN)
        while self._logging and (left := end - time.monotonic()) > 0:
            try:
                data = os.read(self._log, _CHUNK)
            except BlockingIOError:
                log.poll(left * 1000)
                continue
            text = (text + data)[-2 * _CHUNK :]
            if found := _STACK.search(text):
                return int(found[1])
            if not data:
                break
        return 0

    def close(self) -> None:
        """Read the last printed text and close the judge's ends; calling it twice is harmless."""
        if not self._open:
            return
        self._drain()
        self._open = False
        for descriptor in (self._request, self._reply, self._log):
            os.close(descriptor)

    def _wait(self, deadline: Deadline) -> None:
        """Wait until a descriptor is ready; drain printed text meanwhile."""
        for descriptor, _event in self._poll.poll(deadline.left() * 1000):
            if descriptor == self._log:
                self._drain()

    def _drain(self) -> None:
        """Read what was printed; some of it only, because a submission can print without end."""
        for _chunk in range(_MOST_CHUNKS):
            if not self._logging:
                return
            try:
                data = os.read(self._log, _CHUNK)
            except BlockingIOError:
                return
            if not data:
                self._poll.unregister(self._log)
                self._logging = False
            if not self._keep:
                continue
            space = max(0, MAX_OUTPUT - len(self._printed))
            self._printed += data[:space]
            self._dropped += len(data[space:])
