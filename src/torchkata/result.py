"""Outcomes as plain data: verdicts of checks, states of exercises, and the report (schema 1)."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

SCHEMA = 1

AXES = (
    "contract",
    "shape",
    "dtype",
    "values",
    "stability",
    "device",
    "purity",
    "gradient",
    "ops",
    "memory",
    "speed",
)
"""The properties that are judged, in the order in which a learner should mend them."""


class Verdict(StrEnum):
    """What one check found."""

    PASSED = "passed"
    FAILED = "failed"
    UNMEASURABLE = "unmeasurable"


class State(StrEnum):
    """Where an exercise stands."""

    TODO = "todo"
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    TIMEOUT = "timeout"
    UNMEASURABLE = "unmeasurable"


FAILING = frozenset({State.FAILED, State.ERROR, State.TIMEOUT})


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One judged property.

    Attributes:
        id: `NAME::AXIS[what]`, as pytest shows it.
        axis: one of `AXES`.
        case: the case that decided, or the empty string.
        device: the device that was judged, such as `cpu`, `twin:0`, `cuda:0`.
        verdict: passed, failed or unmeasurable.
        message: for the learner; empty when the check passed and there is nothing to say.
        figures: numbers with the unit in the key.
        line: of the submission, for a check that failed: where the fault lies, or else where the
            entry point is defined; 0 where neither is known.
        why: one sentence of teaching, where the fault is a trap that is known; else empty.
        trap: that trap's name in the table of known traps, in English.
    """

    id: str
    axis: str
    verdict: Verdict
    case: str = ""
    device: str = "cpu"
    message: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    line: int = 0
    why: str = ""
    trap: str = ""


@dataclass(frozen=True, kw_only=True)
class ExerciseResult:
    """One exercise, judged.

    Attributes:
        id: `CHAPTER/NN_name`.
        name: the short name.
        chapter: the folder that holds it.
        state: where it stands.
        message: one or two sentences on the state; the first thing to read.
        seconds: wall time that the judging took.
        checks: what was judged, in order.
        output: what the submission printed, bounded.
        ladder: rungs of the cost ladder (baseline, yours, reference), each with figures.
        growth: how cost rises with size, one curve per contender, where that is judged.
        comparison: after a pass, both answers and what the learner had reached before.
    """

    id: str
    name: str
    chapter: str
    state: State
    message: str = ""
    seconds: float = 0.0
    checks: tuple[CheckResult, ...] = ()
    output: str = ""
    ladder: tuple[Rung, ...] = ()
    growth: tuple[Curve, ...] = ()
    comparison: Comparison | None = None

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.verdict is Verdict.FAILED)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A right answer beside the reference.

    Attributes:
        yours: the part of the submission that was judged, bounded.
        reference: that part of the solution.
        reason: why the reference wins, in the author's words.
        best: the lowest figures of the passes before this one, by the ladder's case; None where
            nothing is remembered.
    """

    yours: str
    reference: str
    reason: str = ""
    best: dict[str, dict[str, float]] | None = None


@dataclass(frozen=True, kw_only=True)
class Rung:
    """What one contender costs on one stated case: a step of the cost ladder.

    Attributes:
        who: `yours`, `reference`, or the name of a baseline.
        case: sizes, as text.
        figures: `seconds_median`, `ops`, `extra_bytes`, `conversions` (values that left for Python
            or numpy), where measured.
        ops_by_name: how often each op was dispatched, views included; the most frequent first,
            and what is left over summed up as `other`.
    """

    who: str
    case: str
    figures: dict[str, float]
    ops_by_name: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What one contender costs at several sizes, and the power law fitted to that.

    Attributes:
        who: `yours` or `reference`.
        function: the entry point.
        over: the axis letter whose size is varied.
        of: `bytes`, `ops` or `time` (nanoseconds).
        points: size and cost, ascending.
        exponent: of the fitted law, cost = constant * size**exponent.
        exponent_low: lower end of its 95% interval.
        exponent_high: upper end.
        exponent_allowed: the budget.
    """

    who: str
    function: str
    over: str
    of: str
    points: tuple[tuple[float, float], ...]
    exponent: float
    exponent_low: float
    exponent_high: float
    exponent_allowed: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """A whole run."""

    version: str
    seed: int
    machine: dict[str, Any]
    exercises: tuple[ExerciseResult, ...]

    @property
    def summary(self) -> dict[str, int]:
        """How many exercises are in each state, every state named."""
        counts = Counter(result.state for result in self.exercises)
        return {state.value: counts[state] for state in State}

    def exit_code(self, *, complete: bool) -> int:
        """0 when nothing that was started fails; with `complete`, only when everything passed."""
        states = {result.state for result in self.exercises}
        if complete:
            return 0 if states == {State.PASSED} else 1
        return 1 if states & FAILING else 0

    def as_json(self) -> dict[str, Any]:
        """The report as JSON-ready data, by schema 1."""
        return {
            "schema": SCHEMA,
            "torchkata": self.version,
            "seed": self.seed,
            "machine": self.machine,
            "summary": self.summary,
            "exercises": [asdict(result) for result in self.exercises],
        }
