"""The processes of one exercise: the submission's worker, the reference's, the slow version's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import cloudpickle

from torchkata.course import Lesson
from torchkata.errors import CourseError, SubmissionError, Unmeasurable, WorkerDiedError
from torchkata.isolation import probes
from torchkata.isolation.handle import Worker
from torchkata.isolation.launch import Launcher, any_core

_MOST_STARTS: Final = 3


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

    def __init__(self, lesson: Lesson, submission: Submission, launcher: Launcher) -> None:
        self.lesson = lesson
        self.submission = submission
        self.launcher = launcher
        self.load_error: SubmissionError | None = None
        self._core = any_core()
        self._outputs: list[str] = []
        self._starts = 0
        self._worker: Worker | None = None
        self._reference: Worker | None = None
        self._baseline: Worker | None = None
        self._installed: set[str] = set()

    @property
    def worker(self) -> Worker:
        """The submission's worker, loaded; a new one after a death, within reason.

        Raises:
            SubmissionError: the submission cannot be loaded.
            WorkerDiedError: it ends the process while it is loaded.
            Blocked: it has ended too many processes already.
        """
        if self._worker is not None and self._worker.alive:
            return self._worker
        if self.load_error is not None:
            raise Blocked("Not judged: the file cannot be loaded.")
        if self._starts >= _MOST_STARTS:
            raise Blocked(f"Not judged: the code has ended {self._starts} processes by now.")
        self._keep_output()
        self._starts += 1
        self._worker = self.launcher.worker(self._core)
        try:
            self._worker.load(self.submission.source, self.submission.file, self.submission.bind)
        except SubmissionError as error:
            self.load_error = error
            raise
        except WorkerDiedError:
            self._starts = _MOST_STARTS
            raise
        return self._worker

    @property
    def reference(self) -> Worker:
        """The reference's worker: a process that never held the submission."""
        if self._reference is None or not self._reference.alive:
            worker = self.launcher.worker(self._core)
            try:
                worker.load(self.lesson.solution.read_bytes(), self.lesson.solution.name)
            except (OSError, SubmissionError, WorkerDiedError) as error:
                worker.close()
                raise CourseError(f"{self.lesson.solution} cannot be loaded: {error}") from error
            self._reference = worker
        return self._reference

    def baseline(self, function: Callable[..., object]) -> tuple[Worker, str]:
        """A worker that holds a slow version of the grader, and the name that it has there."""
        if self._baseline is None or not self._baseline.alive:
            self._baseline = self.launcher.worker(self._core)
            self._installed.clear()
        name = f"baseline_{function.__name__}"
        if name not in self._installed:
            cloudpickle.register_pickle_by_value(self.lesson.graded.module)
            self._baseline.run(probes.install, name, function)
            self._installed.add(name)
        return self._baseline, name

    def trusted(self, ask: Callable[[], Any]) -> Any:
        """Ask a worker that holds the course's own code; its failures are the course's."""
        try:
            return ask()
        except (SubmissionError, WorkerDiedError) as error:
            raise CourseError(f"The reference of {self.lesson.id} fails: {error}") from error

    def close(self) -> None:
        """End the workers."""
        self._keep_output()
        for worker in (self._reference, self._baseline):
            if worker is not None:
                worker.close()

    @property
    def output(self) -> str:
        """What the submission printed, in all its processes."""
        return "".join(self._outputs)

    def _keep_output(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._outputs.append(self._worker.output)
            self._worker = None
