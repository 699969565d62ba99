"""The judge's end of one worker: requests, deadlines, clocks, captured prints, and its end."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from torchkata.errors import ProtocolError, SubmissionError, WorkerDiedError
from torchkata.isolation import endings, wire
from torchkata.isolation.channel import DONE, GO, READY, SEND
from torchkata.meters.cputime import CpuClock, voluntary_switches

MOST_OUTPUT: Final = 20_000  # bytes of a submission's prints that are kept


class Process(Protocol):
    """A started process that can be ended and waited for."""

    pid: int

    def status(self) -> int | None:
        """The exit status (negative: the signal), or None while it runs."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What one request cost the worker, by the judge's clocks.

    Attributes:
        unpack_ns: CPU time to read the inputs.
        run_ns: CPU time of the calls.
        pack_ns: CPU time to write the answers.
        wall_ns: wall time of the calls.
        switches: voluntary context switches during the calls, where the platform counts them.
    """

    unpack_ns: int
    run_ns: int
    pack_ns: int
    wall_ns: int
    switches: int | None


class Worker:
    """One confined process that holds one submission.

    Args:
        process: the started worker.
        request: descriptor to write to.
        answer: descriptor to read from.
        log: descriptor that carries its prints.
        limit: seconds that one request may take.
    """

    def __init__(self, process: Process, request: int, answer: int, log: int, limit: float) -> None:
        self.pid = process.pid
        self.limit = limit
        self.clock = CpuClock(process.pid)
        self._process = process
        self._request, self._answer, self._log = request, answer, log
        self._printed = bytearray()
        self._dropped = 0
        self._alive = True
        for descriptor in (request, answer, log):
            os.set_blocking(descriptor, False)
        self._poll = select.poll()
        self._poll.register(log, select.POLLIN)
        self._poll.register(answer, select.POLLIN)
        hello = self._answered()
        self.confined = str(hello.get("confined", "none"))

    def load(self, source: bytes, file: str, bind: dict[str, str] | None = None) -> None:
        """Load a submission; `bind` lets an entry point stand for another name in it.

        Raises:
            SubmissionError: it does not compile, or raises while it is imported.
            WorkerDiedError: the worker ended or took too long.
        """
        self._ask({"do": "load", "source": source, "file": file, "bind": bind or {}})
        self._value(self._answered())

    def run(self, probe: Callable[..., object], *arguments: object, **keywords: object) -> Any:
        """Run `probe(module, *arguments, **keywords)` in the worker; return what it returns.

        Raises:
            SubmissionError: the submission raised.
            WorkerDiedError: the worker ended or took too long.
        """
        self._ask({"do": "run", "probe": probe, "arguments": arguments, "keywords": keywords})
        return self._value(self._answered())

    def call(self, entry: str, calls: list[tuple[object, ...]]) -> tuple[list[Any], Timing]:
        """Call an entry point once on each tuple of arguments: a block.

        Raises:
            SubmissionError: the submission raised.
            WorkerDiedError: the worker ended or took too long.
        """
        deadline = time.monotonic() + self.limit
        start = self.clock.read()
        self._write(wire.encode({"do": "call", "entry": entry, "calls": calls}, pickles=True))
        self._word(READY, deadline)
        unpacked, switched = self.clock.read(), voluntary_switches(self.pid)
        wall = time.perf_counter_ns()
        self._send(GO, deadline)
        self._word(DONE, deadline)
        wall = time.perf_counter_ns() - wall
        ran, rested = self.clock.read(), voluntary_switches(self.pid)
        self._send(SEND, deadline)
        answer = self._answered(deadline)
        packed = self.clock.read()
        values = self._value(answer)
        if not isinstance(values, list) or len(values) != len(calls):
            raise self._ended(ProtocolError("The worker answered another number of calls."))
        return values, Timing(
            unpack_ns=unpacked - start,
            run_ns=ran - unpacked,
            pack_ns=packed - ran,
            wall_ns=wall,
            switches=None if rested is None or switched is None else rested - switched,
        )

    def pause(self) -> None:
        """Stop the process: threads that a submission left behind get no time."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let the process run again."""
        os.kill(self.pid, signal.SIGCONT)

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._alive

    @property
    def output(self) -> str:
        """What the submission printed so far, bounded."""
        self._drain()
        text = self._printed.decode("utf-8", "replace")
        return text + (f"\n... and {self._dropped:,} bytes more" if self._dropped else "")

    def close(self) -> int | None:
        """End the process and return its exit status; asking twice is harmless."""
        if not self._alive:
            return None
        self._alive = False
        status = self._process.status()
        if status is None:
            os.kill(self.pid, signal.SIGKILL)
            status = self._reaped()
        self._drain()
        for descriptor in (self._request, self._answer, self._log):
            os.close(descriptor)
        return status

    def _reaped(self) -> int | None:
        for _ in range(500):
            status = self._process.status()
            if status is not None:
                return status
            time.sleep(0.002)
        return None

    def _ask(self, request: dict[str, object]) -> None:
        self._write(wire.encode(request, pickles=True))

    def _value(self, answer: dict[str, Any]) -> Any:
        if "error" not in answer:
            return answer.get("value")
        line = answer.get("line")
        raise SubmissionError(
            str(answer["error"]),
            str(answer.get("message", "")),
            line if isinstance(line, int) else None,
            todo=answer.get("todo") is True,
        )

    def _answered(self, deadline: float | None = None) -> dict[str, Any]:
        deadline = deadline or time.monotonic() + self.limit
        try:
            sizes = wire.lengths(bytes(self._exactly(wire.PREFIX.size, deadline)))
            header, payload = (self._exactly(size, deadline) for size in sizes)
            answer = wire.decode(header, payload)
            if not isinstance(answer, dict):
                raise ProtocolError("The worker sent something that is not an answer.")  # noqa: TRY301
        except ProtocolError as error:
            raise self._ended(error) from error
        return answer

    def _word(self, word: bytes, deadline: float) -> None:
        if bytes(self._exactly(1, deadline)) != word:
            raise self._ended(ProtocolError("The worker answered out of turn."))

    def _exactly(self, count: int, deadline: float) -> bytearray:
        data = bytearray(count)
        view, got = memoryview(data), 0
        while got < count:
            try:
                read = os.readv(self._answer, [view[got:]])
            except BlockingIOError:
                self._wait(deadline)
                continue
            if read == 0:
                raise self._ended(None)
            got += read
        return data

    def _send(self, data: bytes, deadline: float) -> None:
        self._put(memoryview(data), deadline)

    def _write(self, frame: wire.Frame) -> None:
        deadline = time.monotonic() + self.limit
        for chunk in frame.chunks():
            self._put(memoryview(chunk).cast("B"), deadline)

    def _put(self, view: memoryview, deadline: float) -> None:
        if not self._alive:
            raise WorkerDiedError("exit", "The submission's process has already ended.")
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
                raise self._ended(None) from None

    def _wait(self, deadline: float) -> None:
        """Wait until something can be read or written; prints are drained on the way."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._timed_out()
        for descriptor, _event in self._poll.poll(left * 1000):
            if descriptor == self._log:
                self._drain()

    def _drain(self) -> None:
        while True:
            try:
                data = os.read(self._log, 1 << 16)
            except (BlockingIOError, OSError):
                return
            if not data:
                if self._alive:
                    self._poll.unregister(self._log)
                return
            room = max(0, MOST_OUTPUT - len(self._printed))
            self._printed += data[:room]
            self._dropped += len(data[room:])

    def _timed_out(self) -> WorkerDiedError:
        self.close()
        return WorkerDiedError("timeout", endings.timeout(self.limit))

    def _ended(self, error: ProtocolError | None) -> WorkerDiedError:
        time.sleep(0)  # the pipe closes a moment before the status is there
        status = self._process.status() if error else self._reaped_quietly()
        self.close()
        if error is not None:
            return WorkerDiedError("protocol", endings.protocol(str(error)))
        return endings.death(status)

    def _reaped_quietly(self) -> int | None:
        """The status of a process whose pipe is closed: wait a little for its end."""
        for _ in range(50):
            status = self._process.status()
            if status is not None:
                return status
            time.sleep(0.002)
        return None
