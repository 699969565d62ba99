"""One exercise under judgement: its workers, its seeded inputs, and what was observed so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cloudpickle
import torch

from torchkata.course import Lesson
from torchkata.errors import CourseError, SubmissionError, Unmeasurable, WorkerDiedError
from torchkata.inputs import Seeded, Sizes, relayout
from torchkata.isolation import probes
from torchkata.isolation.handle import Worker
from torchkata.isolation.launch import Launcher
from torchkata.result import Rung
from torchkata.spec import Case, Exercise, Function

_MOST_STARTS = 3


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


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One call of a function, and what the reference returns on the same inputs.

    Attributes:
        got: what the submission returned, if it did.
        error: what it raised instead.
        expected: what the reference returned.
        precise: what the reference returns for the same inputs in float64, where that is more.
    """

    got: Any = None
    error: SubmissionError | None = None
    expected: Any = None
    precise: Any = None


class Session:
    """The state that the checks of one exercise share.

    Args:
        lesson: the exercise.
        submission: what is judged.
        launcher: starts workers.
        seeds: of the hidden inputs.
        devices: devices to judge besides the CPU, such as `twin:0`.
    """

    def __init__(
        self,
        lesson: Lesson,
        submission: Submission,
        launcher: Launcher,
        seeds: Seeded,
        devices: tuple[str, ...] = ("twin:0",),
    ) -> None:
        self.lesson = lesson
        self.submission = submission
        self.launcher = launcher
        self.seeds = seeds
        self.devices = devices
        self.deaths: list[WorkerDiedError] = []
        self.load_error: SubmissionError | None = None
        self.todo: set[str] = set()
        self.blocked: set[str] = set()
        self.rungs: dict[tuple[str, str], Rung] = {}
        self._outputs: list[str] = []
        self._starts = 0
        self._worker: Worker | None = None
        self._reference: Worker | None = None
        self._baseline: Worker | None = None
        self._observed: dict[tuple[object, ...], Observed] = {}
        self._installed: set[str] = set()

    @property
    def exercise(self) -> Exercise:
        """The grader's data."""
        return self.lesson.graded.exercise

    # Workers

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
        self._worker = self.launcher.worker()
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
            self._reference = self.launcher.worker()
            try:
                self._reference.load(self.lesson.solution.read_bytes(), self.lesson.solution.name)
            except (OSError, SubmissionError, WorkerDiedError) as error:
                raise CourseError(f"{self.lesson.solution} cannot be loaded: {error}") from error
        return self._reference

    def baseline(self, function: Callable[..., object]) -> tuple[Worker, str]:
        """A worker that holds a slow version of the grader, and the name that it has there."""
        if self._baseline is None or not self._baseline.alive:
            self._baseline = self.launcher.worker()
            self._installed.clear()
        name = f"baseline_{function.__name__}"
        if name not in self._installed:
            cloudpickle.register_pickle_by_value(self.lesson.graded.module)
            self._baseline.run(probes.install, name, function)
            self._installed.add(name)
        return self._baseline, name

    def close(self) -> None:
        """End the workers."""
        self._keep_output()
        for worker in (self._worker, self._reference, self._baseline):
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

    # Inputs

    def sizes(self, function: Function, sizes: Any, dtype: torch.dtype | None = None) -> Sizes:
        """The axis letters with the dtype under judgement."""
        return Sizes(sizes, dtype or function.dtypes[0])

    def draw(
        self,
        function: Function,
        case: Case,
        dtype: torch.dtype | None = None,
        layout: str = "contiguous",
        turn: int = 0,
    ) -> tuple[Any, ...]:
        """Draw the arguments of one call; the same words give the same arguments again."""
        words = (self.lesson.id, function.name, case.name, str(dtype), turn)
        generator = self.seeds.generator(*words)
        sizes = self.sizes(function, case.sizes, dtype)
        if case.given is not None:
            arguments = case.given(sizes, generator)
        else:
            arguments = tuple(make(sizes, generator) for make in function.inputs.values())
        laid: tuple[Any, ...] = relayout(arguments, layout) if layout != "contiguous" else arguments  # type: ignore[assignment]
        return laid

    # Observations

    def observe(
        self,
        function: Function,
        case: Case,
        dtype: torch.dtype | None = None,
        layout: str = "contiguous",
    ) -> Observed:
        """Call the submission on one case, then the reference on the same arguments."""
        key = (function.name, case.name, dtype, layout)
        if key not in self._observed:
            self._observed[key] = self._observe(function, case, dtype, layout)
        return self._observed[key]

    def _observe(
        self, function: Function, case: Case, dtype: torch.dtype | None, layout: str
    ) -> Observed:
        arguments = self.draw(function, case, dtype, layout)
        got, error = None, None
        try:
            (got,), _ = self.worker.call(function.name, [arguments])
        except SubmissionError as raised:
            if raised.todo:
                raise
            error = raised
        if case.raises is not None:
            return Observed(got=got, error=error)
        arguments = self.draw(function, case, dtype, layout)
        expected = self.expect(function.name, arguments)
        precise = None
        if (dtype or function.dtypes[0]) in (torch.float32, torch.float16, torch.bfloat16):
            precise = self.expect(function.name, widened(arguments))
        return Observed(got=got, error=error, expected=expected, precise=precise)

    def expect(self, entry: str, arguments: tuple[Any, ...]) -> Any:
        """What the reference returns.

        Raises:
            CourseError: the reference raises or ends.
        """
        return self.trusted(lambda: self.reference.call(entry, [arguments])[0][0])

    def trusted(self, ask: Callable[[], Any]) -> Any:
        """Ask a worker that holds the course's own code; its failures are the course's."""
        try:
            return ask()
        except (SubmissionError, WorkerDiedError) as error:
            raise CourseError(f"The reference of {self.lesson.id} fails: {error}") from error

    # Cost ladder

    def rung(self, who: str, case: str, **figures: float) -> None:
        """Note what a contender costs on one set of sizes."""
        known = self.rungs.get((who, case))
        merged = {**(known.figures if known else {}), **figures}
        self.rungs[who, case] = Rung(who=who, case=case, figures=merged)

    def started(self) -> float:
        """A monotonic time stamp."""
        return time.monotonic()


def widened(tree: Any) -> Any:
    """The same arguments with every floating tensor in float64."""
    if isinstance(tree, torch.Tensor):
        return tree.detach().double() if tree.dtype.is_floating_point else tree
    if isinstance(tree, (list, tuple)):
        return type(tree)(widened(leaf) for leaf in tree)
    if isinstance(tree, dict):
        return {key: widened(leaf) for key, leaf in tree.items()}
    return tree
