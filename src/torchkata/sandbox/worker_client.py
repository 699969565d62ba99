"""The judge's end of one worker: requests, deadlines, clocks, printed text, and its termination."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from torchkata.errors import ProtocolError, WorkerDiedError
from torchkata.i18n import _
from torchkata.sandbox import exit_messages
from torchkata.sandbox.cpu_clock import CpuClock, voluntary_switches
from torchkata.sandbox.deadline import Deadline, DeadlineError
from torchkata.sandbox.pipes import HangUpError, Pipes
from torchkata.sandbox.worker_errors import reported_error
from torchkata.worker.frames import STACK_SIGNAL
from torchkata.worker.global_state import NAMES
from torchkata.worker.wire import encoding
from torchkata.worker.wire.channel import DONE, GO, READY, SEND
from torchkata.worker.wire.decoding import decode

_STACK_SECONDS: Final = 2.0  # to wait for the stack of a worker that is about to be ended


class Process(Protocol):
    """A started process.

    Attributes:
        pid: its process id.
    """

    pid: int

    def status(self) -> int | None:
        """Return the exit status (negative: the signal), or None while it runs."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The costs of one block of calls, by the judge's clocks.

    Attributes:
        unpack_ns: CPU time for decoding the inputs.
        run_ns: CPU time of the calls.
        pack_ns: CPU time for encoding the results.
        wall_ns: wall time of the calls.
        switches: voluntary context switches during the calls; None if the platform does not count
            them.
    """

    unpack_ns: int
    run_ns: int
    pack_ns: int
    wall_ns: int
    switches: int | None


class WorkerClient:
    """One confined process that holds one submission.

    Args:
        process: the started worker.
        request: the descriptor to write requests to.
        reply: the descriptor to read replies from.
        log: the descriptor that carries printed text.
        limit: seconds that one request may take, as `Deadline` counts them.
        waiting_counts: whether waiting counts like computing; see `Deadline`.

    Attributes:
        pid: its process id.
        limit: seconds that one request may take; the next request uses the current value.
        clock: its CPU clock.
        confined: the level of its confinement: `full`, `partial` or `none`.
        seconds: how long its requests have taken so far, counted likewise.
        changed_settings: settings of the process that the submission has changed, see
            `torchkata.worker.global_state`.

    Raises:
        WorkerDiedError: the worker ended or timed out before it was ready.
    """

    def __init__(
        self,
        process: Process,
        request: int,
        reply: int,
        log: int,
        limit: float,
        *,
        waiting_counts: bool = True,
    ) -> None:
        self.pid = process.pid
        self._waiting_counts = waiting_counts
        self.limit = limit
        self.clock = CpuClock(process.pid)
        self._process = process
        self._pipes = Pipes(request, reply, log)
        self._alive = True
        self.seconds = 0.0
        self.changed_settings: set[str] = set()
        with self._conversation() as deadline:
            greeting = self._read_reply(deadline)
        self.confined = str(greeting.get("confined", "none"))

    def load(self, source: bytes, file: str, bind: dict[str, str] | None = None) -> None:
        """Load a submission.

        Args:
            source: its bytes.
            file: its file name.
            bind: aliases of names that it defines, such as `{"row_sum": "slow_row_sum"}`.

        Raises:
            SubmissionError: it does not compile, or raises while it is imported.
            WorkerDiedError: the worker ended or timed out.
        """
        self._request({"do": "load", "source": source, "file": file, "bind": bind or {}})

    def run(self, probe: Callable[..., object], *arguments: object, **keywords: object) -> Any:
        """Run `probe(module, *arguments, **keywords)` in the worker and return its result.

        Raises:
            SubmissionError: the submission raised.
            WorkerDiedError: the worker ended or timed out.
        """
        return self._request(
            {"do": "run", "probe": probe, "arguments": arguments, "keywords": keywords}
        )

    def call(self, entry: str, calls: list[tuple[object, ...]]) -> tuple[list[Any], Timing]:
        """Call an entry point once per tuple of arguments, as one block.

        Raises:
            SubmissionError: the submission raised.
            WorkerDiedError: the worker ended or timed out.
        """
        request = encoding.encode({"do": "call", "entry": entry, "calls": calls}, pickles=True)
        with self._conversation() as deadline:
            start = self.clock.read()
            self._write(request, deadline)
            self._expect(READY, deadline)
            unpacked, switches_before = self.clock.read(), voluntary_switches(self.pid)
            wall = time.perf_counter_ns()
            self._pipes.write(GO, deadline)
            self._expect(DONE, deadline)
            wall = time.perf_counter_ns() - wall
            ran, switches_after = self.clock.read(), voluntary_switches(self.pid)
            self._pipes.write(SEND, deadline)
            reply = self._read_reply(deadline)
            packed = self.clock.read()
            values = _value(reply)
            if not isinstance(values, list) or len(values) != len(calls):
                raise ProtocolError(_("The worker returned the wrong number of results."))
        switches = None
        if switches_before is not None and switches_after is not None:
            switches = switches_after - switches_before
        return values, Timing(
            unpack_ns=unpacked - start,
            run_ns=ran - unpacked,
            pack_ns=packed - ran,
            wall_ns=wall,
            switches=switches,
        )

    def arguments_after(self, call: int) -> Any:
        """Return the arguments of one call of the last block, as they are in the worker now.

        Raises:
            WorkerDiedError: the worker ended or timed out.
        """
        return self._request({"do": "argument", "call": call})

    def pause(self) -> None:
        """Stop the process, so that threads left behind by a submission get no time."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let the process run again."""
        os.kill(self.pid, signal.SIGCONT)

    @property
    def alive(self) -> bool:
        """Whether it can serve requests."""
        return self._alive

    @property
    def output(self) -> str:
        """The text that the submission has printed so far, bounded."""
        return self._pipes.output

    def kill(self) -> None:
        """Kill the process without waiting for it; another thread may be waiting for its reply."""
        if self._alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def close(self) -> int | None:
        """End the process and return its exit status; calling it twice is harmless."""
        if not self._alive:
            return None
        self._alive = False
        try:
            status = self._process.status()
            if status is None:
                os.kill(self.pid, signal.SIGKILL)
                status = self._wait_for_status(seconds=1)
        finally:
            self._pipes.close()
        return status

    def _wait_for_status(self, seconds: float) -> int | None:
        """Wait briefly for the exit status, because a pipe closes a moment before it exists."""
        end = time.monotonic() + seconds
        while (status := self._process.status()) is None and time.monotonic() < end:
            time.sleep(0.002)
        return status

    @contextmanager
    def _conversation(self) -> Iterator[Deadline]:
        """Yield the deadline of a request that starts now; end the worker if the request fails."""
        if not self._alive:
            raise WorkerDiedError("exit", _("The submission's process has already ended."))
        deadline = Deadline(self.clock, self.pid, self.limit, waiting_counts=self._waiting_counts)
        try:
            yield deadline
        except DeadlineError:
            line = self._running_line()
            message = exit_messages.timeout(deadline, self.limit, line)
            self.close()
            raise WorkerDiedError("timeout", message, line) from None
        except HangUpError:
            status = self._wait_for_status(seconds=0.1)
            self.close()
            raise exit_messages.worker_died(status) from None
        except ProtocolError as error:
            self.close()
            message = exit_messages.protocol_violation(error.message)
            raise WorkerDiedError("protocol", message) from error
        finally:
            self.seconds += deadline.used()

    def _running_line(self) -> int:
        """Return the line of the submission that is running, as the worker tells; 0 if unknown."""
        if STACK_SIGNAL is None:
            return 0
        with suppress(ProcessLookupError):
            os.kill(self.pid, STACK_SIGNAL)
        return self._pipes.read_stack(_STACK_SECONDS)

    def _request(self, request: dict[str, object]) -> Any:
        frame = encoding.encode(request, pickles=True)
        with self._conversation() as deadline:
            self._write(frame, deadline)
            return _value(self._read_reply(deadline))

    def _write(self, frame: encoding.Frame, deadline: Deadline) -> None:
        for chunk in frame.chunks():
            self._pipes.write(chunk, deadline)

    def _expect(self, signal_byte: bytes, deadline: Deadline) -> None:
        if bytes(self._pipes.read(1, deadline)) != signal_byte:
            raise ProtocolError(_("The worker sent a reply out of order."))

    def _read_reply(self, deadline: Deadline) -> dict[str, Any]:
        sizes = encoding.lengths(bytes(self._pipes.read(encoding.PREFIX.size, deadline)))
        header, payload = (self._pipes.read(size, deadline) for size in sizes)
        reply = decode(header, payload)
        if not isinstance(reply, dict):
            raise ProtocolError(_("The worker sent bytes that are not a reply."))
        changed = reply.get("changed")
        if isinstance(changed, list):
            self.changed_settings.update(name for name in NAMES if name in changed)
        return reply


def _value(reply: dict[str, Any]) -> Any:
    if "error" in reply:
        raise reported_error(reply)
    return reply.get("value")
