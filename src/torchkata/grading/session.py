"""One exercise under judgment: its processes, its seeded inputs, and what was observed so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import torch

from torchkata.course.exercise import Exercise
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function, Spec
from torchkata.course.spec.inputs import RandomSource, Sizes, with_layout
from torchkata.errors import SubmissionError, WorkerDiedError
from torchkata.grading.outcome import Outcome
from torchkata.grading.processes import Processes, Submission
from torchkata.grading.replies import argument_changes, reply_value
from torchkata.grading.trees import cast_like, to_float64
from torchkata.i18n import EMPTY, Message
from torchkata.result import CPU, TWIN, CostRow, GrowthCurve, Verdict
from torchkata.sandbox.launcher import CancellableLauncher, Launcher
from torchkata.worker import builtin_probes, watched_calls
from torchkata.worker.meters.counts import OpCount

_MOST_NAMES: Final = 20  # of ops in a histogram
_LOW_PRECISION: Final = (torch.float32, torch.float16, torch.bfloat16)


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One call of a function, and what the reference returns for the same inputs.

    Attributes:
        got: what the submission returned, if it returned.
        error: what it raised instead.
        expected: what the reference returned; with a tolerance, `precise` in its dtypes.
        precise: what the reference returns for the same inputs in float64, if that is more.
        changes: (position, change) of each argument that the call changed.
    """

    got: Any = None
    error: SubmissionError | None = None
    expected: Any = None
    precise: Any = None
    changes: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProbeCall:
    """A request to the submission, which explanations can repeat.

    Attributes:
        probe: what ran in the worker.
        arguments: draws the same arguments again.
        device: of its tensors.
        case: label of the case; empty if there is none.
    """

    probe: Callable[..., object]
    arguments: Callable[[], tuple[Any, ...]]
    device: str = CPU
    case: Message = EMPTY


@dataclass
class Learned:
    """What the outcomes of the checks add up to; only `Session.collect` writes it.

    Attributes:
        wrong_shape: functions whose result has a wrong shape.
        wrong_values: functions of which a check of the axis values failed.
        wrong_gradients: the same of the axis gradient.
        wrong_dtype: the same of the axis dtype.
        impure: the same of the axis purity.
        todo: checks that met an untouched part of the stub, by id.
        skipped: checks that wait for another one, by id.
        deaths: how the submission's processes ended.
        cost_rows: costs, by contender and case.
        curves: growth curves.
    """

    wrong_shape: set[str] = field(default_factory=set)
    wrong_values: set[str] = field(default_factory=set)
    wrong_gradients: set[str] = field(default_factory=set)
    wrong_dtype: set[str] = field(default_factory=set)
    impure: set[str] = field(default_factory=set)
    todo: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    deaths: list[WorkerDiedError] = field(default_factory=list)
    cost_rows: dict[tuple[str, str], CostRow] = field(default_factory=dict)
    curves: list[GrowthCurve] = field(default_factory=list)


class Session:
    """What the checks of one exercise share.

    Args:
        exercise: the exercise.
        submission: the file under judgment.
        launcher: starts workers.
        random: draws the hidden inputs.
        devices: devices to judge besides the CPU.
    """

    def __init__(
        self,
        exercise: Exercise,
        submission: Submission,
        launcher: Launcher | CancellableLauncher,
        random: RandomSource,
        devices: tuple[str, ...] = (TWIN,),
    ) -> None:
        self.exercise = exercise
        self.processes = Processes(exercise, submission, launcher)
        self.random = random
        self.devices = devices
        self.learned = Learned()
        self.last_call: ProbeCall | None = None
        self.metered: dict[tuple[object, ...], Any] = {}  # by contender and case
        self._observations: dict[tuple[object, ...], Observation] = {}

    @property
    def spec(self) -> Spec:
        """What the grader declares."""
        return self.exercise.spec

    @property
    def submission(self) -> Submission:
        """The file under judgment."""
        return self.processes.submission

    def close(self) -> None:
        """End all processes."""
        self.processes.close()

    # Inputs

    def draw(
        self,
        function: Function,
        case: Case,
        dtype: torch.dtype | None = None,
        layout: str = "contiguous",
        turn: int | str = 0,
    ) -> tuple[Any, ...]:
        """Draw the arguments of one call; equal parameters give equal arguments."""
        sizes = Sizes(case.sizes, dtype or function.dtypes[0])
        generator = self.random.generator(
            self.exercise.id, function.name, case.name, str(dtype), turn
        )
        if case.given is not None:
            arguments = case.given(sizes, generator)
        else:
            arguments = tuple(make(sizes, generator) for make in function.inputs.values())
        if layout == "contiguous":
            return arguments
        laid_out: tuple[Any, ...] = with_layout(arguments, layout)  # type: ignore[assignment]
        return laid_out

    def note_call(self, function: Function, case: Case, device: str = CPU, **variant: Any) -> None:
        """Note that the submission is called now, so that explanations can repeat the call.

        Args:
            function: what is called.
            case: on which inputs.
            device: of the inputs.
            variant: of `draw`.
        """

        def arguments() -> tuple[Any, ...]:
            return (function.name, *self.draw(function, case, **variant))

        probe = builtin_probes.call
        self.note(ProbeCall(probe=probe, arguments=arguments, device=device, case=case.label))

    def note(self, call: ProbeCall) -> None:
        """Note a request to the submission, so that explanations can repeat it."""
        self.last_call = call

    # Observations

    def observe(
        self,
        function: Function,
        case: Case,
        dtype: torch.dtype | None = None,
        layout: str = "contiguous",
    ) -> Observation:
        """Call the submission on one case, then the reference on the same arguments."""
        self.note_call(function, case, dtype=dtype, layout=layout)
        key = (function.name, case.name, dtype, layout)
        if key not in self._observations:
            self._observations[key] = self._observe(function, case, dtype, layout)
        return self._observations[key]

    def _observe(
        self, function: Function, case: Case, dtype: torch.dtype | None, layout: str
    ) -> Observation:
        arguments = self.draw(function, case, dtype, layout)
        got, error = None, None
        changes: tuple[tuple[int, str], ...] = ()
        try:
            reply = self.processes.worker_on().run(
                watched_calls.call_watched, function.name, arguments
            )
            got, changes = reply_value(reply), argument_changes(reply)
        except SubmissionError as raised:
            if raised.todo:
                raise
            error = raised
        seen = Observation(got=got, error=error, changes=changes)
        if case.raises is not None:
            return seen
        if case.known is not None:
            return replace(seen, expected=case.known.expected, precise=case.known.precise)
        arguments = self.draw(function, case, dtype, layout)
        expected = self.expect(function.name, arguments)
        precise = None
        if (dtype or function.dtypes[0]) in _LOW_PRECISION:
            precise = self.expect(function.name, to_float64(arguments))
            if case.tolerance is not None:
                expected = cast_like(precise, expected)
        return replace(seen, expected=expected, precise=precise)

    def expect(self, entry: str, arguments: tuple[Any, ...]) -> Any:
        """Return what the reference returns.

        Raises:
            CourseError: the reference raises, or its process ends.
        """
        reference = self.processes.reference_on
        return self.processes.trusted(lambda: reference().call(entry, [arguments])[0][0])

    def signatures(self, names: tuple[str, ...]) -> Any:
        """Return the signatures of the reference's entry points, as the probe `describe` does."""
        known = self.spec.reference_signatures
        if known is not None:
            return known
        reference = self.processes.reference_on
        return self.processes.trusted(lambda: reference().run(builtin_probes.describe, names))

    # What was learned

    def collect(self, check_id: str, axis: str, entry: str, outcome: Outcome) -> None:
        """Take what a check found into what is known about the exercise.

        Args:
            check_id: of the check.
            axis: that it judged.
            entry: the entry point that it judged; empty for the whole exercise.
            outcome: what it returned.
        """
        learned = self.learned
        if outcome.todo:
            learned.todo.add(check_id)
        if outcome.skipped:
            learned.skipped.add(check_id)
        if outcome.wrong_shape:
            learned.wrong_shape.add(entry)
        if outcome.verdict is Verdict.FAILED:
            by_axis = {
                "values": learned.wrong_values,
                "gradient": learned.wrong_gradients,
                "dtype": learned.wrong_dtype,
                "purity": learned.impure,
            }
            by_axis.get(axis, set()).add(entry)
        if outcome.death is not None:
            learned.deaths.append(outcome.death)
            if outcome.death.reason == "timeout":
                self.processes.note_timeout()
        learned.curves += outcome.curves
        self.add_costs(outcome.cost_rows)

    def add_costs(self, rows: tuple[CostRow, ...]) -> None:
        """Merge costs into the cost table; later metrics of a contender complete earlier ones."""
        for row in rows:
            key = (row.who, str(row.case))
            known = self.learned.cost_rows.get(key, row)
            self.learned.cost_rows[key] = replace(
                known,
                metrics={**known.metrics, **row.metrics},
                ops_by_name=row.ops_by_name or known.ops_by_name,
            )


def cost_row(who: str, case: Message, count: OpCount | None = None, **metrics: float) -> CostRow:
    """Return a row of the cost table, with the ops by name if they were counted."""
    names = ops_by_name(count) if count else {}
    return CostRow(who=who, case=case, metrics=metrics, ops_by_name=names)


def ops_by_name(count: OpCount) -> dict[str, int]:
    """Return ops and views by name, the most frequent first, the rest summed up as `other`."""
    ranked = (Counter(count.ops) + Counter(count.views)).most_common()
    table = dict(ranked[:_MOST_NAMES])
    rest = sum(times for _name, times in ranked[_MOST_NAMES:])
    return table | ({"other": table.get("other", 0) + rest} if rest else {})
