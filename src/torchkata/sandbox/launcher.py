"""Starting workers: forked from a warm zygote on Linux, spawned one by one elsewhere."""

from __future__ import annotations

import contextlib
import os
import random
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import torch

from torchkata.errors import Cancelled
from torchkata.sandbox.timing_lock import turn
from torchkata.sandbox.worker_client import Worker
from torchkata.sandbox.zygote_client import Spawned, Zygote
from torchkata.worker.confinement.confine import Limits

DEFAULT_LIMIT: Final = 20.0
"""Seconds that one request to a worker may take, unless the user sets another limit."""

_PIPE_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What holds for every worker of a run.

    Attributes:
        limit: seconds that one request may take.
        confine: whether submissions are confined at all.
        limits: memory, processor time, files.
        spawn: start each worker on its own, as on platforms without a safe fork.
        turns: a file shared with the judges that use the same cores; they time in turns.
    """

    limit: float = DEFAULT_LIMIT
    confine: bool = True
    limits: Limits = field(default_factory=Limits)
    spawn: bool = not sys.platform.startswith("linux")
    turns: Path | None = None


class Launcher:
    """Starts workers and ends them all when it is closed.

    Args:
        rules: for every worker.
        zygote: one that was started before (it needs a second to import torch).
    """

    def __init__(self, rules: Rules | None = None, zygote: Zygote | None = None) -> None:
        # The judge has one thread as well: on a busy machine several wait for each other at every
        # op (drawing inputs took 5 ms instead of 0.1).
        torch.set_num_threads(1)
        self.rules = rules or Rules()
        self._zygote = None if self.rules.spawn else zygote or Zygote()
        self._workers: list[Worker] = []

    def worker(
        self, core: int | None = None, folder: Path | None = None, *, compiles: bool = False
    ) -> Worker:
        """Start a worker.

        Args:
            compiles: submissions are expected to: what `torch.compile` imports at its first call
                takes more than a second, so forked workers have it from the start.
            folder: for data loaders: a folder that it may read, with a `tmp` that it may write;
                such a worker may start processes, so its confinement is looser.
            core: the processor core it stays on, where the platform can pin. Contenders that are
                timed against each other share one: it halves the spread of their ratios under load.

        Raises:
            KataError: none can be started here.
        """
        self._workers = [worker for worker in self._workers if worker.alive]
        request, answer, log = _pipe(), _pipe(), _pipe()
        theirs = [request[0], answer[1], log[1]]
        ours = (request[1], answer[0], log[0])
        try:
            process = (
                self._zygote.fork(theirs, {**self._how(folder), "core": core, "compiles": compiles})
                if self._zygote is not None
                else Spawned(theirs, confined=self.rules.confine)
            )
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        worker = Worker(process, *ours, limit=self.rules.limit)
        self._workers.append(worker)
        return worker

    def _how(self, folder: Path | None) -> dict[str, object]:
        limits = self.rules.limits
        if folder is not None:  # loaders share tensors through files and descriptors
            limits = replace(limits, open_files=1024, file_size=256 << 20)
        return {
            "confine": self.rules.confine,
            "folder": None if folder is None else str(folder),
            "limits": asdict(limits),
        }

    def turn(self) -> contextlib.AbstractContextManager[None]:
        """Hold the clock while contenders are timed; other judges of these cores wait."""
        return turn(self.rules.turns)

    def close(self) -> None:
        """End every worker and the zygote."""
        try:
            for worker in self._workers:
                worker.close()
        finally:
            if self._zygote is not None:
                self._zygote.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Lease:
    """A launcher for one judgement, which another thread can call off at any time.

    Args:
        launcher: starts the workers.
    """

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._workers: list[Worker] = []
        self.cancelled = False

    def worker(
        self, core: int | None = None, folder: Path | None = None, *, compiles: bool = False
    ) -> Worker:
        """Start a worker, as a launcher does.

        Raises:
            Cancelled: the judgement was called off.
        """
        if self.cancelled:
            raise Cancelled("The judgement was called off.")
        worker = self._launcher.worker(core, folder, compiles=compiles)
        self._workers.append(worker)
        if self.cancelled:  # while it was being started
            worker.kill()
        return worker

    def turn(self) -> contextlib.AbstractContextManager[None]:
        """Hold the clock, as a launcher does."""
        return self._launcher.turn()

    def cancel(self) -> None:
        """End every worker and refuse new ones; whoever waits for an answer is told at once."""
        self.cancelled = True
        for worker in list(self._workers):
            worker.kill()


def any_core() -> int | None:
    """One of the processor cores that this process may use; None where they cannot be chosen."""
    if sys.platform.startswith("linux"):
        return random.SystemRandom().choice(sorted(os.sched_getaffinity(0)))
    return None


def _pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    if sys.platform.startswith("linux"):
        import fcntl  # noqa: PLC0415 - not on every platform

        with contextlib.suppress(OSError):  # the system's limit is lower: slower, not wrong
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return reader, writer
