"""The outcome of a check as data: checks return outcomes, and the session collects them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torchkata.errors import CheckFailed, SubmissionError, WorkerDiedError
from torchkata.i18n import EMPTY, Message
from torchkata.result import TODO, CostRow, GrowthCurve, Verdict


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a check found.

    Attributes:
        verdict: passed, failed or unmeasurable.
        code: the kind of finding, such as `wrong-shape`; empty if the check passed.
        message: for the learner.
        axis: of the finding, if it is another one than that of the check.
        case: label of the case that decided the verdict.
        line: of the submission; 0 if unknown.
        metrics: numbers for the report, the unit in the key.
        facts: plain data for explanations, such as `got_shape`.
        error: what the submission raised, if the check failed because of that.
        death: how the submission's process ended, if the check failed because of that.
        todo: whether an untouched part of the stub raised its `NotImplementedError`.
        skipped: whether the check waits for another one, whose finding it would repeat.
        wrong_shape: whether the check found a wrong shape or structure.
        cost_rows: costs that the check measured.
        curves: growth curves that the check measured.
    """

    verdict: Verdict
    code: str = ""
    message: Message = EMPTY
    axis: str = ""
    case: Message = EMPTY
    line: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    error: SubmissionError | None = None
    death: WorkerDiedError | None = None
    todo: bool = False
    skipped: bool = False
    wrong_shape: bool = False
    cost_rows: tuple[CostRow, ...] = ()
    curves: tuple[GrowthCurve, ...] = ()


def passed(
    *,
    metrics: Mapping[str, float] | None = None,
    cost_rows: tuple[CostRow, ...] = (),
    curves: tuple[GrowthCurve, ...] = (),
) -> Outcome:
    """Return the outcome of a check that passed."""
    return Outcome(
        verdict=Verdict.PASSED, metrics=metrics or {}, cost_rows=cost_rows, curves=curves
    )


def failed(
    code: str,
    message: Message,
    *,
    case: Message = EMPTY,
    line: int = 0,
    metrics: Mapping[str, float] | None = None,
    facts: Mapping[str, object] | None = None,
    error: SubmissionError | None = None,
    death: WorkerDiedError | None = None,
    wrong_shape: bool = False,
    cost_rows: tuple[CostRow, ...] = (),
    curves: tuple[GrowthCurve, ...] = (),
) -> Outcome:
    """Return the outcome of a check that failed."""
    return Outcome(
        verdict=Verdict.FAILED,
        code=code,
        message=message,
        case=case,
        line=line or (error.line if error is not None and error.line else 0),
        metrics=metrics or {},
        facts=facts or {},
        error=error,
        death=death,
        wrong_shape=wrong_shape,
        cost_rows=cost_rows,
        curves=curves,
    )


def from_claim(claim: CheckFailed) -> Outcome:
    """Return the outcome of a claim that does not hold."""
    return failed(
        claim.code, claim.message, line=claim.line, metrics=claim.metrics, facts=claim.facts
    )


def still_todo(message: Message, line: int) -> Outcome:
    """Return the outcome of a check that met an untouched part of the stub.

    Args:
        message: says so.
        line: of the submission that raised.
    """
    return Outcome(verdict=Verdict.UNMEASURABLE, code=TODO, message=message, line=line, todo=True)


def skipped(message: Message) -> Outcome:
    """Return the outcome of a check that waits for another one."""
    return Outcome(verdict=Verdict.UNMEASURABLE, code="skipped", message=message, skipped=True)


def undecided(
    code: str,
    message: Message,
    *,
    metrics: Mapping[str, float] | None = None,
    cost_rows: tuple[CostRow, ...] = (),
) -> Outcome:
    """Return the outcome of a check that cannot be decided on this machine now."""
    return Outcome(
        verdict=Verdict.UNMEASURABLE,
        code=code,
        message=message,
        metrics=metrics or {},
        cost_rows=cost_rows,
    )
