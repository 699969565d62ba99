"""Results as plain data: verdicts of checks, states of exercises, and the report (schema 1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from torchkata.i18n import EMPTY, ENGLISH_TRANSLATOR, Message, Translator, _, join

SCHEMA: Final = 1
CPU: Final = "cpu"
TWIN: Final = "twin:0"  # the simulated second device
# Codes of checks without a verdict: it met a function that is to do; the twin cannot run a call.
TODO, NOT_JUDGED = "todo", "not-judged"

Localize = Callable[[str], Translator]
"""Returns the translator of an exercise, by its id; of the empty id, that of no exercise."""

AXES = (
    "contract",
    "shape",
    "values",
    "stability",
    "dtype",
    "gradient",
    "device",
    "purity",
    "ops",
    "memory",
    "speed",
)
"""The properties that are judged, in the order in which a learner should fix them."""


class Verdict(StrEnum):
    """The verdict of one check."""

    PASSED = "passed"
    FAILED = "failed"
    UNMEASURABLE = "unmeasurable"


class State(StrEnum):
    """The state of an exercise."""

    TODO = "todo"
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    TIMEOUT = "timeout"
    UNMEASURABLE = "unmeasurable"


FAILING = frozenset({State.FAILED, State.ERROR, State.TIMEOUT})


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The result of one check.

    Attributes:
        id: `NAME::AXIS[what]`, as pytest shows it.
        axis: one of `AXES`.
        verdict: passed, failed or unmeasurable.
        case: label of the case that decided the verdict; empty if there is none.
        description: what a custom test claims, in a sentence.
        device: the device that was judged, such as `cpu`, `twin:0`, `cuda:0`.
        code: the kind of finding, such as `wrong-shape`; empty if the check passed.
        message: for the learner; empty if the check passed and there is nothing to add.
        inputs: the arguments of the failing case as code, if they are few.
        metrics: numbers with the unit in the key.
        line: of the submission, if the check failed: the line at fault if it is known, else the
            one that defines the entry point; 0 if neither is known.
        why: one sentence of teaching, if the failure is a known trap.
        trap: that trap's name in the table of known traps.
    """

    id: str
    axis: str
    verdict: Verdict
    case: Message = EMPTY
    description: Message = EMPTY
    device: str = CPU
    code: str = ""
    message: Message = EMPTY
    inputs: Message = EMPTY
    metrics: dict[str, float] = field(default_factory=dict)
    line: int = 0
    why: Message = EMPTY
    trap: str = ""

    @property
    def message_with_case(self) -> Message:
        """The message of a failed check, followed by the case that decided it and its inputs."""
        if self.verdict is not Verdict.FAILED:
            return self.message
        case = self.case and _("Case: {case}.", case=self.case)
        inputs = self.inputs and _("With {inputs}.", inputs=self.inputs)
        return join(self.message, case, inputs)

    def as_json(self, translate: Translator = ENGLISH_TRANSLATOR) -> dict[str, Any]:
        """Return the result as JSON-ready data; names of checks and cases stay English."""
        return {
            "id": self.id,
            "axis": self.axis,
            "verdict": self.verdict,
            "case": str(self.case or self.description),
            "device": self.device,
            "code": self.code,
            "message": translate(self.message_with_case),
            "inputs": translate(self.inputs),
            "values": {name: _shown(v, translate) for name, v in self.message.all_values().items()},
            "figures": self.metrics,
            "line": self.line,
            "why": translate(self.why),
            "trap": self.trap,
        }


@dataclass(frozen=True, kw_only=True)
class ExerciseResult:
    """The result of one exercise.

    Attributes:
        id: `CHAPTER/NN_name`.
        name: the short name.
        chapter: the folder that holds it.
        state: where it stands.
        message: one or two sentences on the state; the first thing to read.
        seconds: wall time that grading took.
        checks: the results of its checks, in order.
        output: what the submission printed, bounded.
        cost_table: costs of the contenders (baselines, yours, reference) on stated cases.
        growth: how costs grow with size, one curve per contender, if that is judged.
        comparison: after a pass, both answers and what the learner had reached before.
    """

    id: str
    name: str
    chapter: str
    state: State
    message: Message = EMPTY
    seconds: float = 0.0
    checks: tuple[CheckResult, ...] = ()
    output: str = ""
    cost_table: tuple[CostRow, ...] = ()
    growth: tuple[GrowthCurve, ...] = ()
    comparison: Comparison | None = None

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.verdict is Verdict.FAILED)

    def as_json(self, translate: Translator = ENGLISH_TRANSLATOR) -> dict[str, Any]:
        """Return the result as JSON-ready data."""
        return {
            "id": self.id,
            "name": self.name,
            "chapter": self.chapter,
            "state": self.state,
            "message": translate(self.message),
            "seconds": self.seconds,
            "checks": [check.as_json(translate) for check in self.checks],
            "output": self.output,
            "ladder": [row.as_json() for row in self.cost_table],
            "growth": [curve.as_json() for curve in self.growth],
            "comparison": self.comparison and self.comparison.as_json(translate),
        }


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A right answer beside the reference.

    Attributes:
        yours: the part of the submission that was judged, bounded.
        reference: that part of the solution.
        quality: what the reason is about: `Correct`, `Fast`, `Small` or nothing in particular.
        reason: why the reference is so, in the author's words.
        best: the lowest metrics of earlier passes, by case; None if nothing is recorded.
    """

    yours: str
    reference: str
    quality: str = ""
    reason: Message = EMPTY
    best: dict[str, dict[str, float]] | None = None

    def as_json(self, translate: Translator = ENGLISH_TRANSLATOR) -> dict[str, Any]:
        """Return the comparison as JSON-ready data."""
        return {
            "yours": self.yours,
            "reference": self.reference,
            "quality": self.quality,
            "reason": translate(self.reason),
            "best": self.best,
        }


@dataclass(frozen=True, kw_only=True)
class CostRow:
    """The costs of one contender on one stated case.

    Attributes:
        who: `yours`, `reference`, or the name of a baseline.
        case: label of the case.
        metrics: `seconds_median`, `ops`, `extra_bytes`, `conversions` (values that left PyTorch
            for Python or NumPy), those that were measured.
        ops_by_name: how often each op was dispatched, views included; the most frequent first,
            and the rest summed up as `other`.
    """

    who: str
    case: Message
    metrics: dict[str, float]
    ops_by_name: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON-ready data."""
        return {
            "who": self.who,
            "case": str(self.case),
            "figures": self.metrics,
            "ops_by_name": self.ops_by_name,
        }


@dataclass(frozen=True, kw_only=True)
class GrowthCurve:
    """The costs of one contender at several sizes, and the power law fitted to them.

    Attributes:
        who: `yours` or `reference`.
        function: the entry point.
        over: the axis letter whose size is varied.
        of: `bytes`, `ops` or `time` (nanoseconds).
        points: size and cost, ascending.
        exponent: of the fitted law, cost = constant * size**exponent.
        exponent_low, exponent_high: the ends of its 95% interval.
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

    def as_json(self) -> dict[str, Any]:
        """Return the curve as JSON-ready data."""
        return asdict(self)


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

    def as_json(self, localize: Localize = lambda _id: ENGLISH_TRANSLATOR) -> dict[str, Any]:
        """Return JSON-ready data by schema 1, in the language of each exercise's translator."""
        return {
            "schema": SCHEMA,
            "torchkata": self.version,
            "seed": self.seed,
            "machine": {name: _shown(v, ENGLISH_TRANSLATOR) for name, v in self.machine.items()},
            "summary": self.summary,
            "exercises": [result.as_json(localize(result.id)) for result in self.exercises],
        }


def _shown(value: object, translate: Translator) -> object:
    """Return a message's value as JSON-ready data."""
    if isinstance(value, Message):
        return translate(value)
    return value if isinstance(value, (str, int, float)) or value is None else str(value)
