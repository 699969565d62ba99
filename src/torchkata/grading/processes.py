"""The processes of one exercise: the submission's worker, the reference's, the slow version's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cloudpickle

from torchkata.course.catalogue import Exercise
from torchkata.errors import CourseError, SubmissionError, Unmeasurable, WorkerDiedError
from torchkata.grading.data_dir import Files
from torchkata.i18n import _
from torchkata.sandbox import exit_messages
from torchkata.sandbox.launcher import Launcher, Lease, any_core
from torchkata.sandbox.worker_client import Worker
from torchkata.worker import builtin_probes

_MOST_DEATHS: Final = 3
_MOST_LIMITS: Final = 10  # times the limit of one request that all of an exercise may take


class Blocked(Unmeasurable):
    """A check that waits for another one: its finding would only repeat what that one says."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What is judged: a file's bytes.

    Attributes:
        source: the file, by content.
        file: its name, for messages.
        bind: entry points that another name in the file stands for (traps, alternatives).
    """

    source: bytes
    file: str
    bind: dict[str, str] = field(default_factory=dict)


class Workers:
    """Starts each of them when it is first asked for, and keeps what the submission printed.

    Args:
        lesson: the exercise.
        submission: what is judged.
        launcher: starts workers.
    """

    def __init__(
        self, exercise: Exercise, submission: Submission, launcher: Launcher | Lease
    ) -> None:
        self.exercise = exercise
        self.submission = submission
        self.launcher = launcher
        self.load_error: SubmissionError | None = None
        self.unsure: Unmeasurable | None = None  # why nobody can tell whether it can be loaded
        self._core = any_core()
        self._outputs: list[str] = []
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._files: Files | None = None
        self.given_up = False  # an endless loop would cost its time limit in every check
        self._deaths = 0
        self._spent = 0.0  # seconds that workers took which have died
        self._spares: dict[str, Worker] = {}
        self._workers: dict[str, Worker] = {}
        self._references: dict[str, Worker] = {}
        self._baseline: Worker | None = None
        self._installed: set[str] = set()

    @property
    def worker(self) -> Worker:
        """The submission's worker for everything that happens on the CPU; see `worker_on`."""
        return self.worker_on("cpu")

    def worker_on(self, device: str) -> Worker:
        """A worker that holds the submission; a new one after a death, within reason.

        Each kind of device has a process of its own: a process that knows the twin device cannot
        compile any more, nor be sure of a real GPU's streams.

        Raises:
            SubmissionError: the submission cannot be loaded.
            WorkerDiedError: it ends the process while it is loaded.
            Unmeasurable: it needs what there is not here.
            Blocked: it has ended too many processes already.
        """
        if self.unsure is not None:
            raise self.unsure
        if self.given_up:
            raise Blocked(_("Not judged: the code took too long before."))
        kind = device.partition(":")[0]
        known = self._workers.get(kind)
        if known is not None and known.alive:
            self._bounded(known)
            return known
        if self.load_error is not None:
            raise Blocked(_("Not judged: the file cannot be loaded."))
        if known is not None:
            self._deaths += 1
            self._spent += known.seconds
            self._keep_output(self._workers.pop(kind))
        if self._deaths >= _MOST_DEATHS:
            raise Blocked(_("Not judged: the code has ended its process too often by now."))
        worker = self._spares.pop(kind, None) or self._start_for(kind)
        self._workers[kind] = worker
        try:
            worker.load(self.submission.source, self.submission.file, self.submission.bind)
            self._adapt(worker)
        except SubmissionError as error:
            self.load_error = error
            raise
        except Unmeasurable as error:
            self.unsure = error
            raise
        except WorkerDiedError:
            self._deaths = _MOST_DEATHS
            raise
        return worker

    def _bounded(self, worker: Worker) -> None:
        """All requests together take no longer than some: else each could take nearly its limit.

        Raises:
            WorkerDiedError: they did.
        """
        most = _MOST_LIMITS * worker.limit
        if self._spent + sum(each.seconds for each in self._workers.values()) > most:
            raise WorkerDiedError("timeout", exit_messages.too_long(most))

    def owns(self, worker: Worker) -> bool:
        """Whether a worker holds the submission."""
        return worker in self._workers.values()

    @contextmanager
    def hushed(self) -> Iterator[None]:
        """Stop every process that holds the submission, so that only who is timed gets time."""
        mine = [worker for worker in self._workers.values() if worker.alive]
        for worker in mine:
            worker.pause()
        try:
            yield
        finally:
            for worker in mine:
                if worker.alive:
                    worker.resume()

    @property
    def reference(self) -> Worker:
        """The reference's worker for everything on the CPU."""
        return self.reference_on("cpu")

    def reference_on(self, device: str) -> Worker:
        """A worker that holds the reference, in a process that never held the submission."""
        kind = device.partition(":")[0]
        known = self._references.get(kind)
        if known is None or not known.alive:
            source = self.exercise.reference_source
            worker = self._start()
            try:
                worker.run(builtin_probes.ready, kind)
                worker.load(source, self.exercise.solution_path.name)
                self._adapt(worker)
            except (SubmissionError, WorkerDiedError) as error:
                worker.close()
                raise CourseError(
                    f"{self.exercise.solution_path} cannot be loaded: {error}"
                ) from error
            self._references[kind] = known = worker
        return known

    def spare(self, device: str) -> None:
        """Start the submission's worker before there is a submission, so that judging need not."""
        kind = device.partition(":")[0]
        if kind not in self._workers and kind not in self._spares:
            self._spares[kind] = self._start_for(kind)

    @property
    def files(self) -> Files:
        """The folder of an exercise on data loading.

        Raises:
            CourseError: the exercise does not say that it loads data.
        """
        if not self.exercise.grader.spec.loads_data:
            raise CourseError(f"{self.exercise.id}: a test takes `files`; set loads_data=True.")
        if self._files is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="torchkata-")
            self._files = Files(Path(self._scratch.name))
        return self._files

    def _start_for(self, kind: str) -> Worker:
        worker = self._start()
        worker.run(builtin_probes.ready, kind)
        return worker

    def _start(self) -> Worker:
        graded = self.exercise.grader
        folder = self.files.root if graded.exercise.loads_data else None
        return self.launcher.worker(self._core, folder, compiles=graded.compiles)

    def _adapt(self, worker: Worker) -> None:
        """Put the grader's probes that stand for functions beside the submission's own."""
        for function in self.exercise.grader.spec.functions:
            if function.adapter is not None:
                cloudpickle.register_pickle_by_value(self.exercise.grader.module)
                worker.run(builtin_probes.adapt, function.name, function.adapter)

    def baseline(self, function: Callable[..., object]) -> tuple[Worker, str]:
        """A worker that holds a slow version of the grader, and the name that it has there."""
        if self._baseline is None or not self._baseline.alive:
            self._baseline = self._start()
            self._installed.clear()
        name = f"baseline_{function.__name__}"
        if name not in self._installed:
            cloudpickle.register_pickle_by_value(self.exercise.grader.module)
            self._baseline.run(builtin_probes.install, name, function)
            self._installed.add(name)
        return self._baseline, name

    def trusted(self, ask: Callable[[], Any]) -> Any:
        """Ask a worker that holds the course's own code; its failures are the course's."""
        try:
            return ask()
        except (SubmissionError, WorkerDiedError) as error:
            raise CourseError(f"The reference of {self.exercise.id} fails: {error}") from error

    def close(self) -> None:
        """End the workers."""
        others = [*self._references.values(), *self._spares.values()]
        others += [self._baseline] if self._baseline is not None else []
        for worker in (*self._workers.values(), *others):
            worker.kill()  # all of them first: each takes 20 ms to end
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

    def _keep_output(self, worker: Worker) -> None:
        worker.close()
        self._outputs.append(worker.output)
