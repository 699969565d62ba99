"""One exercise under judgement: its seeded inputs, what was observed so far, and its costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.utils._pytree import tree_map

from torchkata.course.catalogue import Exercise
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function, Spec
from torchkata.course.spec.inputs import RandomSource, Sizes, with_layout
from torchkata.errors import SubmissionError, WorkerDiedError
from torchkata.grading.checks.evidence import Evidence, Question
from torchkata.grading.processes import Submission, Workers
from torchkata.result import CostRow, GrowthCurve
from torchkata.sandbox.launcher import Launcher, Lease
from torchkata.worker import builtin_probes
from torchkata.worker.meters.counts import OpCount

_MOST_NAMES: Final = 20  # of ops in a histogram


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One call of a function, and what the reference returns on the same inputs.

    Attributes:
        got: what the submission returned, if it did.
        error: what it raised instead.
        expected: what the reference returned; where the case has a tolerance of its own, `precise`
            in the dtypes of that.
        precise: what the reference returns for the same inputs in float64, where that is more.
    """

    got: Any = None
    error: SubmissionError | None = None
    expected: Any = None
    precise: Any = None


class Session(Workers):
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
        exercise: Exercise,
        submission: Submission,
        launcher: Launcher | Lease,
        seeds: RandomSource,
        devices: tuple[str, ...] = ("twin:0",),
    ) -> None:
        super().__init__(exercise, submission, launcher)
        self.seeds = seeds
        self.devices = devices
        self.deaths: list[WorkerDiedError] = []
        self.misshapen: set[str] = set()  # functions whose shape check has failed
        self.todo: set[str] = set()
        self.blocked: set[str] = set()
        self.rungs: dict[tuple[str, str], CostRow] = {}
        self.curves: list[GrowthCurve] = []
        self.asked: Question | None = None  # the last question of the check that is judged now
        self.evidence: dict[str, Evidence] = {}  # of failed checks, by their ids
        self.metered: dict[tuple[object, ...], dict[str, Any]] = {}  # by contender and case
        self._observed: dict[tuple[object, ...], Observed] = {}

    @property
    def exercise(self) -> Spec:
        """The grader's data."""
        return self.exercise.grader.spec

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
        turn: int | str = 0,
    ) -> tuple[Any, ...]:
        """Draw the arguments of one call; the same words give the same arguments again."""
        words = (self.exercise.id, function.name, case.name, str(dtype), turn)
        generator = self.seeds.generator(*words)
        sizes = self.sizes(function, case.sizes, dtype)
        if case.given is not None:
            arguments = case.given(sizes, generator)
        else:
            arguments = tuple(make(sizes, generator) for make in function.inputs.values())
        laid: tuple[Any, ...] = (
            with_layout(arguments, layout) if layout != "contiguous" else arguments
        )  # type: ignore[assignment]
        return laid

    def ask(self, function: Function, case: Case, device: str = "cpu", **variant: Any) -> None:
        """Note that a call of the submission is asked for: explanations may repeat it.

        Args:
            function: what is called.
            case: on which inputs.
            device: where they lie.
            variant: of `draw`.
        """

        def arguments() -> tuple[Any, ...]:
            return (function.name, *self.draw(function, case, **variant))

        self.asked = Question(probe=builtin_probes.call, arguments=arguments, device=device)

    # Observations

    def observe(
        self,
        function: Function,
        case: Case,
        dtype: torch.dtype | None = None,
        layout: str = "contiguous",
    ) -> Observed:
        """Call the submission on one case, then the reference on the same arguments."""
        self.ask(function, case, dtype=dtype, layout=layout)
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
        if case.known is not None:
            return Observed(
                got=got, error=error, expected=case.known.expected, precise=case.known.precise
            )
        arguments = self.draw(function, case, dtype, layout)
        expected = self.expect(function.name, arguments)
        precise = None
        if (dtype or function.dtypes[0]) in (torch.float32, torch.float16, torch.bfloat16):
            precise = self.expect(function.name, widened(arguments))
            if case.tolerance is not None:
                expected = rounded(precise, expected)
        return Observed(got=got, error=error, expected=expected, precise=precise)

    def expect(self, entry: str, arguments: tuple[Any, ...]) -> Any:
        """What the reference returns.

        Raises:
            CourseError: the reference raises or ends.
        """
        return self.trusted(lambda: self.reference.call(entry, [arguments])[0][0])

    def described(self, names: tuple[str, ...]) -> Any:
        """What the probe `describe` says of the reference's entry points."""
        known = self.spec.reference_signatures
        if known is not None:
            return known
        return self.trusted(lambda: self.reference.run(builtin_probes.describe, names))

    # Cost ladder

    def rung(self, who: str, case: str, count: OpCount | None = None, **figures: float) -> None:
        """Note what a contender costs on one set of sizes, and which ops it makes there."""
        known = self.rungs.get((who, case)) or CostRow(who=who, case=case, figures={})
        self.rungs[who, case] = CostRow(
            who=who,
            case=case,
            figures={**known.figures, **figures},
            ops_by_name=known.ops_by_name if count is None else by_name(count),
        )


def by_name(count: OpCount) -> dict[str, int]:
    """Ops and views by name, the most frequent first, the long tail summed up as `other`."""
    ranked = (Counter(count.ops) + Counter(count.views)).most_common()
    table = dict(ranked[:_MOST_NAMES])
    if rest := sum(times for _, times in ranked[_MOST_NAMES:]):
        table["other"] = table.get("other", 0) + rest
    return table


def widened(tree: Any) -> Any:
    """The same arguments with every floating tensor in float64."""
    if isinstance(tree, torch.Tensor):
        return tree.detach().double() if tree.dtype.is_floating_point else tree
    if isinstance(tree, (list, tuple)):
        return type(tree)(widened(leaf) for leaf in tree)
    if isinstance(tree, dict):
        return {key: widened(leaf) for key, leaf in tree.items()}
    return tree


def rounded(precise: Any, like: Any) -> Any:
    """What was computed in float64, in the dtypes of another answer of the same structure."""
    return tree_map(lambda p, o: p.to(o.dtype) if torch.is_tensor(o) else p, precise, like)
