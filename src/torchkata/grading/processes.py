"""The processes of one exercise: workers of the submission, the reference and the baselines."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cloudpickle

from torchkata.course.exercise import Exercise
from torchkata.errors import (
    CourseError,
    KataError,
    SubmissionError,
    Unmeasurable,
    WorkerDiedError,
)
from torchkata.grading.data_dir import DataDir
from torchkata.i18n import _
from torchkata.result import CPU
from torchkata.sandbox import exit_messages
from torchkata.sandbox.launcher import CancellableLauncher, Launcher, pick_core
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.worker import builtin_probes

_MOST_DEATHS: Final = 3
_MOST_LIMITS: Final = 10  # an exercise may take this many times the limit of one request


class Skipped(KataError):  # noqa: N818 - a reason not to judge rather than an error
    """Raised if a check cannot run because an earlier one failed; it would repeat that finding."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A file under judgment.

    Attributes:
        source: the file's content.
        file: its name, for messages.
        bind: entry points that another name of the file replaces (traps, alternatives).
    """

    source: bytes
    file: str
    bind: dict[str, str] = field(default_factory=dict)


class Processes:
    """Starts each process when it is first needed, and keeps what the submission printed.

    Args:
        exercise: the exercise.
        submission: the file under judgment; it may be replaced until the first worker loads it.
        launcher: starts workers.
    """

    def __init__(
        self, exercise: Exercise, submission: Submission, launcher: Launcher | CancellableLauncher
    ) -> None:
        self.exercise = exercise
        self.submission = submission
        self.launcher = launcher
        self.load_error: SubmissionError | None = None
        self._undecidable: Unmeasurable | None = None  # why loading cannot be judged here
        self._timed_out = False  # an endless loop would take its time limit in every check
        self._core = pick_core()
        self._outputs: list[str] = []
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._data_dir: DataDir | None = None
        self._changed_settings: set[str] = set()
        self._deaths = 0
        self._seconds_of_dead = 0.0
        self._prestarted: dict[str, WorkerClient] = {}
        self._workers: dict[str, WorkerClient] = {}
        self._references: dict[str, WorkerClient] = {}
        self._baseline: WorkerClient | None = None
        self._installed: set[str] = set()

    def note_timeout(self) -> None:
        """Give the submission no further worker: it would time out in every check."""
        self._timed_out = True

    def worker_on(self, device: str = CPU) -> WorkerClient:
        """Return the submission's worker for a device; a new one after a death, up to a limit.

        Each kind of device has its own process: a process in which the twin device is registered
        can no longer compile, nor be sure of a real GPU's streams.

        Raises:
            SubmissionError: the submission cannot be loaded.
            WorkerDiedError: it ends the process while it is loaded.
            Unmeasurable: loading it needs something that is missing here.
            Skipped: an earlier check explains why there is no worker.
        """
        if self._undecidable is not None:
            raise self._undecidable
        if self._timed_out:
            raise Skipped(_("Not judged: the code timed out before."))
        kind = device.partition(":")[0]
        known = self._workers.get(kind)
        if known is not None and known.alive:
            self._check_total_time(known)
            return known
        if self.load_error is not None:
            raise Skipped(_("Not judged: the file cannot be loaded."))
        if known is not None:
            self._deaths += 1
            self._seconds_of_dead += known.seconds
            self._keep_output(self._workers.pop(kind))
        if self._deaths >= _MOST_DEATHS:
            raise Skipped(_("Not judged: the code has ended its process too often."))
        worker = self._prestarted.pop(kind, None) or self._start_for(kind)
        self._workers[kind] = worker
        try:
            worker.load(self.submission.source, self.submission.file, self.submission.bind)
            self._install_adapters(worker)
        except SubmissionError as error:
            self.load_error = error
            raise
        except Unmeasurable as error:
            self._undecidable = error
            raise
        except WorkerDiedError:
            self._deaths = _MOST_DEATHS
            raise
        return worker

    def _check_total_time(self, worker: WorkerClient) -> None:
        """Limit the sum of all requests; otherwise each could take nearly its own limit.

        Raises:
            WorkerDiedError: the limit is exceeded.
        """
        most = _MOST_LIMITS * worker.limit
        spent = self._seconds_of_dead + sum(each.seconds for each in self._workers.values())
        if spent > most:
            raise WorkerDiedError("timeout", exit_messages.total_timeout(most))

    def is_submission(self, worker: WorkerClient) -> bool:
        """Return whether a worker holds the submission."""
        return worker in self._workers.values()

    @contextmanager
    def others_paused(self) -> Iterator[None]:
        """Stop every process of the submission; timing resumes the one that it measures."""
        running = [worker for worker in self._workers.values() if worker.alive]
        for worker in running:
            worker.pause()
        try:
            yield
        finally:
            for worker in running:
                if worker.alive:
                    worker.resume()

    def reference_on(self, device: str = CPU) -> WorkerClient:
        """Return a worker that holds the reference, in a process that never held the submission.

        Raises:
            CourseError: the reference cannot be loaded.
        """
        kind = device.partition(":")[0]
        known = self._references.get(kind)
        if known is None or not known.alive:
            source = self.exercise.reference_source
            worker = self._start()
            try:
                worker.run(builtin_probes.warm_up, kind)
                worker.load(source, self.exercise.solution_path.name)
                self._install_adapters(worker)
            except (SubmissionError, WorkerDiedError) as error:
                worker.close()
                raise CourseError(
                    f"{self.exercise.solution_path} cannot be loaded: {error}"
                ) from error
            self._references[kind] = known = worker
        return known

    def baseline(self, function: Callable[..., object]) -> tuple[WorkerClient, str]:
        """Return a worker that holds a baseline of the grader, and the baseline's name there."""
        if self._baseline is None or not self._baseline.alive:
            self._baseline = self._start()
            self._installed.clear()
        name = f"baseline_{function.__name__}"
        if name not in self._installed:
            cloudpickle.register_pickle_by_value(self.exercise.grader.module)
            self._baseline.run(builtin_probes.install, name, function)
            self._installed.add(name)
        return self._baseline, name

    def trusted(self, request: Callable[[], Any]) -> Any:
        """Make a request to a worker that holds the course's own code.

        Raises:
            CourseError: the request fails, which is the course's fault.
        """
        try:
            return request()
        except (SubmissionError, WorkerDiedError) as error:
            raise CourseError(f"The reference of {self.exercise.id} fails: {error}") from error

    def prestart(self, device: str) -> None:
        """Start the submission's worker for a device before there is a submission."""
        kind = device.partition(":")[0]
        if kind not in self._workers and kind not in self._prestarted:
            self._prestarted[kind] = self._start_for(kind)

    @property
    def data_dir(self) -> DataDir:
        """The folder with the data of an exercise on data loading.

        Raises:
            CourseError: the spec does not say that the exercise loads data.
        """
        if not self.exercise.spec.loads_data:
            raise CourseError(f"{self.exercise.id}: a test takes `files`; set loads_data=True.")
        if self._data_dir is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="torchkata-")
            self._data_dir = DataDir(Path(self._scratch.name))
        return self._data_dir

    def _start_for(self, kind: str) -> WorkerClient:
        worker = self._start()
        worker.run(builtin_probes.warm_up, kind)
        return worker

    def _start(self) -> WorkerClient:
        grader = self.exercise.grader
        folder = self.data_dir.root if grader.spec.loads_data else None
        return self.launcher.worker(self._core, folder, compiles=grader.compiles)

    def _install_adapters(self, worker: WorkerClient) -> None:
        """Install the grader's adapters beside the submission's own functions."""
        for function in self.exercise.spec.functions:
            if function.adapter is not None:
                cloudpickle.register_pickle_by_value(self.exercise.grader.module)
                worker.run(builtin_probes.adapt, function.name, function.adapter)

    def close(self) -> None:
        """End all processes."""
        others = [*self._references.values(), *self._prestarted.values()]
        others += [self._baseline] if self._baseline is not None else []
        for worker in (*self._workers.values(), *others):
            worker.kill()  # all of them first, because each takes 20 ms to end
        for worker in self._workers.values():
            self._keep_output(worker)
        self._workers.clear()
        for worker in others:
            worker.close()
        if self._scratch is not None:
            self._scratch.cleanup()

    @property
    def output(self) -> str:
        """What the submission printed, in all its processes that have ended."""
        return "".join(self._outputs)

    def changed_settings(self) -> set[str]:
        """Return the settings of the process that the submission changes, but not the reference."""
        changed = self._changed_settings.union(
            *(w.changed_settings for w in self._workers.values())
        )
        return changed.difference(*(w.changed_settings for w in self._references.values()))

    def _keep_output(self, worker: WorkerClient) -> None:
        self._changed_settings |= worker.changed_settings
        worker.close()
        self._outputs.append(worker.output)
