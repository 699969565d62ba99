"""Start workers: forked from a warm zygote on Linux, spawned one by one elsewhere."""

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
from torchkata.sandbox.timing_lock import timing_lock
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.sandbox.zygote_client import SpawnedProcess, ZygoteClient
from torchkata.worker.confinement.confine import Limits

DEFAULT_LIMIT: Final = 20.0
"""Seconds that one request to a worker may take, unless the user sets another limit."""

_PIPE_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """How a launcher sets up its workers.

    Attributes:
        limit: seconds that one request may take, as `sandbox.deadline` counts them.
        confine: whether submissions are confined.
        limits: memory, CPU time and files of a worker.
        spawn: whether to start each worker by itself, as on platforms without a safe fork.
        timing_lock: a file shared with the judges that use the same cores; they time one at a
            time. None for a judge that works alone.
    """

    limit: float = DEFAULT_LIMIT
    confine: bool = True
    limits: Limits = field(default_factory=Limits)
    spawn: bool = not sys.platform.startswith("linux")
    timing_lock: Path | None = None


class Launcher:
    """Starts workers, and ends them all when it is closed.

    Args:
        config: how to set up the workers.
        zygote: a zygote that was started earlier, because importing torch takes it a second.

    Attributes:
        config: how to set up the workers that are started from now on.
    """

    def __init__(
        self, config: WorkerConfig | None = None, zygote: ZygoteClient | None = None
    ) -> None:
        # The judge uses one thread, too: on a busy machine, several would wait for each other at
        # every op (drawing inputs took 5 ms instead of 0.1).
        torch.set_num_threads(1)
        self.config = config or WorkerConfig()
        self._zygote = None if self.config.spawn else zygote or ZygoteClient()
        self._owns_zygote = True
        self._workers: list[WorkerClient] = []

    def with_config(self, config: WorkerConfig) -> Launcher:
        """Return a launcher with another configuration that shares the zygote of this one.

        Closing it ends its own workers only.
        """
        other = Launcher(config, self._zygote)
        other._owns_zygote = self._zygote is None
        return other

    def worker(
        self, core: int | None = None, folder: Path | None = None, *, compiles: bool = False
    ) -> WorkerClient:
        """Start a worker.

        Args:
            core: the CPU core to pin it to, if the platform can. Contenders that are timed against
                each other share one, which halves the spread of their ratios under load.
            folder: for data loaders: a folder that it may read, with a `tmp` that it may write.
                Such a worker may start processes, so its confinement is weaker.
            compiles: whether submissions are expected to call `torch.compile`. Its first call
                imports modules for more than a second; forked workers then have them already.

        Raises:
            KataError: no worker can be started here.
        """
        self._workers = [worker for worker in self._workers if worker.alive]
        request, reply, log = _pipe(), _pipe(), _pipe()
        theirs = [request[0], reply[1], log[1]]
        ours = (request[1], reply[0], log[0])
        try:
            process = (
                self._zygote.fork(
                    theirs, {**self._confinement(folder), "core": core, "compiles": compiles}
                )
                if self._zygote is not None
                else SpawnedProcess(theirs, confined=self.config.confine)
            )
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        worker = WorkerClient(
            process, *ours, limit=self.config.limit, waiting_counts=folder is None
        )
        self._workers.append(worker)
        return worker

    def _confinement(self, folder: Path | None) -> dict[str, object]:
        limits = self.config.limits
        if folder is not None:  # loaders share tensors through files and descriptors
            limits = replace(limits, open_files=1024, file_size=256 << 20)
        return {
            "confine": self.config.confine,
            "folder": None if folder is None else str(folder),
            "limits": asdict(limits),
        }

    def timing_lock(self) -> contextlib.AbstractContextManager[None]:
        """Return a context that keeps the other judges on these cores from timing."""
        return timing_lock(self.config.timing_lock)

    def close(self) -> None:
        """End every worker, and the zygote unless it belongs to another launcher."""
        try:
            for worker in self._workers:
                worker.close()
        finally:
            if self._zygote is not None and self._owns_zygote:
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


class CancellableLauncher:
    """A launcher for one grading, which another thread can cancel at any time.

    Args:
        launcher: starts the workers.

    Attributes:
        cancelled: whether `cancel` was called.
    """

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._workers: list[WorkerClient] = []
        self.cancelled = False

    def worker(
        self, core: int | None = None, folder: Path | None = None, *, compiles: bool = False
    ) -> WorkerClient:
        """Start a worker; see `Launcher.worker`.

        Raises:
            Cancelled: the grading was cancelled.
            KataError: no worker can be started here.
        """
        if self.cancelled:
            raise Cancelled("Grading was cancelled.")
        worker = self._launcher.worker(core, folder, compiles=compiles)
        self._workers.append(worker)
        if self.cancelled:  # while the worker was being started
            worker.kill()
        return worker

    def timing_lock(self) -> contextlib.AbstractContextManager[None]:
        """Return the launcher's timing lock; see `Launcher.timing_lock`."""
        return self._launcher.timing_lock()

    def cancel(self) -> None:
        """End every worker and refuse to start new ones; threads that wait for a reply return."""
        self.cancelled = True
        for worker in list(self._workers):
            worker.kill()


def pick_core() -> int | None:
    """Return a random CPU core that this process may use; None if the platform cannot pin."""
    if sys.platform.startswith("linux"):
        return random.SystemRandom().choice(sorted(os.sched_getaffinity(0)))
    return None


def _pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    if sys.platform.startswith("linux"):
        import fcntl  # noqa: PLC0415 - does not exist on every platform

        with contextlib.suppress(OSError):  # a lower system limit makes it slower, not wrong
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return reader, writer
