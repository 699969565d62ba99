"""The judge's end of one worker: requests, deadlines, clocks, captured prints, and its end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from torchkata.errors import ProtocolError, SubmissionError, Unmeasurable, WorkerDiedError
from torchkata.i18n import _
from torchkata.sandbox import exit_messages
from torchkata.sandbox.cpu_clock import CpuClock, voluntary_switches
from torchkata.sandbox.pipes import DeadlineError, HangUpError, Pipes
from torchkata.worker.wire import encoding
from torchkata.worker.wire.channel import DONE, GO, READY, SEND
from torchkata.worker.wire.decoding import decode

_MOST_TEXT: Final = 2000  # characters of an exception's text


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
        self._pipes = Pipes(request, answer, log)
        self._alive = True
        self.seconds = 0.0  # that the judge has waited for it
        with self._minded():
            hello = self._answered(self._deadline())
        self.confined = str(hello.get("confined", "none"))

    def load(self, source: bytes, file: str, bind: dict[str, str] | None = None) -> None:
        """Load a submission; `bind` lets an entry point stand for another name in it.

        Raises:
            SubmissionError: it does not compile, or raises while it is imported.
            WorkerDiedError: the worker ended or took too long.
        """
        self._ask({"do": "load", "source": source, "file": file, "bind": bind or {}})

    def run(self, probe: Callable[..., object], *arguments: object, **keywords: object) -> Any:
        """Run `probe(module, *arguments, **keywords)` in the worker and return what it returns.

        Raises:
            SubmissionError: the submission raised.
            WorkerDiedError: the worker ended or took too long.
        """
        return self._ask(
            {"do": "run", "probe": probe, "arguments": arguments, "keywords": keywords}
        )

    def call(self, entry: str, calls: list[tuple[object, ...]]) -> tuple[list[Any], Timing]:
        """Call an entry point once on each tuple of arguments: a block.

        Raises:
            SubmissionError: the submission raised.
            WorkerDiedError: the worker ended or took too long.
        """
        request = encoding.encode({"do": "call", "entry": entry, "calls": calls}, pickles=True)
        with self._minded():
            deadline = self._deadline()
            start = self.clock.read()
            self._write(request, deadline)
            self._word(READY, deadline)
            unpacked, switched = self.clock.read(), voluntary_switches(self.pid)
            wall = time.perf_counter_ns()
            self._pipes.write(GO, deadline)
            self._word(DONE, deadline)
            wall = time.perf_counter_ns() - wall
            ran, rested = self.clock.read(), voluntary_switches(self.pid)
            self._pipes.write(SEND, deadline)
            answer = self._answered(deadline)
            packed = self.clock.read()
            values = self._value(answer)
            if not isinstance(values, list) or len(values) != len(calls):
                raise ProtocolError(_("The worker answered another number of calls."))
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
        return self._pipes.output

    def kill(self) -> None:
        """End the process without waiting for its end; another thread may wait for its answer."""
        if self._alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def close(self) -> int | None:
        """End the process and return its exit status; asking twice is harmless."""
        if not self._alive:
            return None
        self._alive = False
        try:
            status = self._process.status()
            if status is None:
                os.kill(self.pid, signal.SIGKILL)
                status = self._reaped(seconds=1)
        finally:
            self._pipes.close()
        return status

    def _reaped(self, seconds: float) -> int | None:
        """Wait a little for the status: a pipe closes a moment before it is there."""
        end = time.monotonic() + seconds
        while (status := self._process.status()) is None and time.monotonic() < end:
            time.sleep(0.002)
        return status

    def _deadline(self) -> float:
        if not self._alive:
            raise WorkerDiedError("exit", _("The submission's process has already ended."))
        return time.monotonic() + self.limit

    @contextmanager
    def _minded(self) -> Iterator[None]:
        """Turn whatever ends a conversation into the message that says so; the worker ends too."""
        begun = time.monotonic()
        try:
            yield
        except DeadlineError:
            self.close()
            raise WorkerDiedError("timeout", exit_messages.timeout(self.limit)) from None
        except HangUpError:
            status = self._reaped(seconds=0.1)
            self.close()
            raise exit_messages.death(status) from None
        except ProtocolError as error:
            self.close()
            raise WorkerDiedError("protocol", exit_messages.protocol(str(error))) from error
        finally:
            self.seconds += time.monotonic() - begun

    def _ask(self, request: dict[str, object]) -> Any:
        frame = encoding.encode(request, pickles=True)
        with self._minded():
            self._write(frame, self._deadline())
            return self._value(self._answered(self._deadline()))

    def _write(self, frame: encoding.Frame, deadline: float) -> None:
        for chunk in frame.chunks():
            self._pipes.write(chunk, deadline)

    def _word(self, word: bytes, deadline: float) -> None:
        if bytes(self._pipes.read(1, deadline)) != word:
            raise ProtocolError(_("The worker answered out of turn."))

    def _answered(self, deadline: float) -> dict[str, Any]:
        sizes = encoding.lengths(bytes(self._pipes.read(encoding.PREFIX.size, deadline)))
        header, payload = (self._pipes.read(size, deadline) for size in sizes)
        answer = decode(header, payload)
        if not isinstance(answer, dict):
            raise ProtocolError(_("The worker sent something that is not an answer."))
        return answer

    def _value(self, answer: dict[str, Any]) -> Any:
        if "error" not in answer:
            return answer.get("value")
        kind, message, line = (
            _text(answer["error"]),
            _text(answer.get("message", "")),
            answer.get("line"),
        )
        if exit_messages.from_inductor(kind, message):
            raise Unmeasurable(exit_messages.no_compiler(message))
        raise SubmissionError(
            kind,
            message,
            line if isinstance(line, int) else None,
            todo=answer.get("todo") is True,
        )


def _text(said: object) -> str:
    """A worker's word, bounded and fit to be written anywhere."""
    return str(said)[:_MOST_TEXT].encode("utf-8", "replace").decode()
