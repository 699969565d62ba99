"""The check of a speed budget: baseline, submission and reference race in their own workers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import torch

from torchkata.course.spec.budgets import Speedup
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CheckFailed, SubmissionError
from torchkata.grading.checks.check import describe_exception
from torchkata.grading.checks.cost_attribution import why_slow
from torchkata.grading.checks.cost_table import case_label
from torchkata.grading.compare import Difference, differences, tolerance_for
from torchkata.grading.compare.tolerance import is_exact
from torchkata.grading.outcome import Outcome, failed, from_claim, passed, undecided
from torchkata.grading.session import Session, cost_row
from torchkata.grading.timing.race import Block, Decision, RaceConfig, RaceOutcome, Reason, decide
from torchkata.grading.trees import changed_tensors
from torchkata.i18n import EMPTY, Message, _, join, with_period
from torchkata.result import CostRow
from torchkata.sandbox.worker_client import Timing, WorkerClient

_HARNESS_SWITCHES: Final = 2  # the worker waits twice within a block: for `go` and for `send`
_MOST_BYTES: Final = 8 << 20  # of inputs in one block
_MORE_TOLERANCE: Final = 8.0
_TRANSPORT_FACTOR: Final = 2.0
_TRANSPORT_SLACK_NS: Final = 200_000
_WATCHED_SHARE: Final = 0.2  # of the blocks; each costs the transport of one call's arguments
_MODIFIED: Final = "modified-while-timed"

_AUDITS: Final = {
    Reason.SLEEPS: _("It sleeps during the call, and waiting counts like working."),
    Reason.BATCH_ONLY: _(
        "It is fast only if many calls are timed together; each call on its own is slow."
    ),
}
_UNDECIDED: Final = {
    Reason.REFERENCE_MISSES: _("the reference misses the threshold too"),
    Reason.CLOCK_STANDS_STILL: _("the clock stands still"),
    Reason.MACHINE_BUSY: _("the machine is too busy"),
    Reason.TOO_CLOSE: _("too close to call"),
}


@dataclass(kw_only=True)
class _Racer:
    """A contender: calls an entry point of a worker on new inputs."""

    worker: WorkerClient
    entry: str
    draw: Callable[[int], list[tuple[Any, ...]]]
    timed_block: Block | None = None
    """A block that was run to verify another contender; it counts once."""

    def block(self, calls: int, /) -> Block:
        """Run a block of `calls` calls, or return the block that was run a moment ago."""
        known, self.timed_block = self.timed_block, None
        if known is not None and known.calls == calls:
            return known
        _results, timing = self.worker.call(self.entry, self.draw(calls))
        return _block(calls, timing, 0)


@dataclass(kw_only=True)
class _JudgedRacer(_Racer):
    """The submission: every result of every block is verified against the reference.

    Only the calls are timed, so a submission could hide work while inputs are read or results
    written. Whatever it spends there beyond the reference on the same inputs is added.
    """

    reference: _Racer
    verify: Callable[[list[Any], list[Any]], None]
    pure: bool
    rng: random.Random

    def block(self, calls: int, /) -> Block:
        """Run a block, then the same inputs through the reference, and compare."""
        inputs = self.draw(calls)
        self.worker.resume()
        try:
            got, timing = self.worker.call(self.entry, inputs)
            if self.pure and self.rng.random() < _WATCHED_SHARE:
                self._require_unchanged(inputs)
        finally:
            if self.worker.alive:
                self.worker.pause()
        expected, reference_timing = self.reference.worker.call(self.entry, inputs)
        self.verify(got, expected)
        if calls > 1:  # a single call must be as cold as the submission's
            self.reference.timed_block = _block(calls, reference_timing, 0)
        transport = timing.unpack_ns + timing.pack_ns
        fair = _TRANSPORT_FACTOR * (reference_timing.unpack_ns + reference_timing.pack_ns)
        return _block(calls, timing, max(0.0, transport - fair - _TRANSPORT_SLACK_NS))

    def _require_unchanged(self, inputs: list[tuple[Any, ...]]) -> None:
        """Compare the arguments of one call, drawn after the block, with what was sent.

        Raises:
            CheckFailed: the call has modified them.
        """
        call = self.rng.randrange(len(inputs))
        if changed_tensors(inputs[call], self.worker.arguments_after(call)):
            raise CheckFailed(
                _(
                    "The call modified an argument while it was timed. Compute a new tensor "
                    "instead of working in place."
                ),
                code=_MODIFIED,
            )


def _block(calls: int, timing: Timing, surcharge: float) -> Block:
    switches = None
    if timing.switches is not None:
        switches = max(0, timing.switches - _HARNESS_SWITCHES)
    return Block(
        calls=calls, cpu_ns=timing.run_ns + surcharge, wall_ns=timing.wall_ns, switches=switches
    )


def speed(session: Session, function: Function, budget: Speedup) -> Outcome:
    """Judge whether the submission is `budget.factor` times faster than the baseline."""
    processes = session.processes
    case = Case.at_sizes(budget.at)
    turns = iter(range(1 << 40))

    def draw(calls: int) -> list[tuple[Any, ...]]:
        return [session.draw(function, case, turn=next(turns)) for _call in range(calls)]

    rng = random.SystemRandom()
    session.note_call(function, case)
    baseline, baseline_entry = processes.baseline(budget.over)
    reference = _Racer(worker=processes.reference_on(), entry=function.name, draw=draw)
    judged = _JudgedRacer(
        worker=processes.worker_on(),
        entry=function.name,
        draw=draw,
        reference=reference,
        verify=partial(_verify, function),
        pure=function.purity and function.name not in session.learned.impure,
        rng=rng,
    )
    try:
        with processes.launcher.timing_lock(), processes.others_paused():
            decision = decide(
                _Racer(worker=baseline, entry=baseline_entry, draw=draw),
                judged,
                reference,
                budget.factor,
                config=RaceConfig(most_calls=_most_calls(draw(1)[0])),
                rng=rng,
            )
    except CheckFailed as wrong:
        axis = "purity" if wrong.code == _MODIFIED else "values"
        return replace(from_claim(wrong), axis=axis, case=case.label)
    except SubmissionError as error:
        if error.todo:
            raise
        return failed(
            "raised",
            with_period(_("While it was timed: {what}", what=describe_exception(error))),
            case=case.label,
            error=error,
        )
    rows = _cost_rows(budget, case_label(session, function, case), decision)
    slow = decision.outcome is RaceOutcome.SLOWER and decision.reason not in _AUDITS
    cause = why_slow(session, function, case) if slow else EMPTY
    return _outcome(budget, decision, case, cause, rows)


def _verify(function: Function, got: list[Any], expected: list[Any]) -> None:
    """Compare every result of a block with the reference's.

    Raises:
        CheckFailed: one is wrong, so there is nothing to time.
    """
    for difference in _wrong_results(function, got, expected):
        raise CheckFailed(
            join(
                _(
                    "A result was wrong while the call was timed. Every call gets new inputs, and "
                    "every result is verified."
                ),
                difference.message,
            ),
            code="wrong-while-timed",
            facts=difference.facts,
        )


def _wrong_results(function: Function, got: list[Any], expected: list[Any]) -> Iterator[Difference]:
    """Yield the differences of the first wrong result; all results are compared at once first."""
    name, tolerance = f"`{function.name}`", function.tolerance
    if len({_form(leaf) for leaf in [*got, *expected]}) == 1 and torch.is_tensor(got[0]):
        stacked = torch.stack(got), torch.stack(expected)
        if tolerance is None and not is_exact(stacked[1].dtype):
            strict = tolerance_for(stacked[1])  # for the values checks; thousands of sums need more
            tolerance = Tolerance(
                rtol=_MORE_TOLERANCE * strict.rtol, atol=_MORE_TOLERANCE * strict.atol
            )
        if not differences(*stacked, tolerance=tolerance):
            return
    for mine, theirs in zip(got, expected, strict=True):
        if found := differences(mine, theirs, tolerance=tolerance, name=name):
            yield from found
            return


def _form(leaf: Any) -> object:
    return (leaf.shape, leaf.dtype) if torch.is_tensor(leaf) else type(leaf)


def _most_calls(arguments: tuple[Any, ...]) -> int:
    """Limit a block by the bytes of its inputs."""
    size = sum(a.numel() * a.element_size() for a in arguments if hasattr(a, "element_size"))
    return int(max(1, min(RaceConfig().most_calls, _MOST_BYTES // max(1, size))))


def _cost_rows(budget: Speedup, label: Message, decision: Decision) -> tuple[CostRow, ...]:
    medians = (
        (budget.baseline_name, decision.baseline_ns),
        ("yours", decision.candidate_ns),
        ("reference", decision.reference_ns),
    )
    return tuple(cost_row(who, label, seconds_median=ns * 1e-9) for who, ns in medians)


def _outcome(
    budget: Speedup,
    decision: Decision,
    case: Case,
    cause: Message,
    rows: tuple[CostRow, ...],
) -> Outcome:
    metrics = {
        "ratio": decision.ratio,
        "ratio_low": decision.ratio_low,
        "ratio_high": decision.ratio_high,
        "threshold": float(budget.factor),
        "reference_ratio": decision.reference_ratio,
        "lead": decision.lead,
        "lead_low": decision.lead_low,
        "seconds_median": decision.candidate_ns * 1e-9,
        "pairs": float(decision.pairs),
        "seconds_to_decide": decision.seconds,
    }
    if decision.outcome is RaceOutcome.FASTER:
        return passed(metrics=metrics, cost_rows=rows)
    if decision.outcome is RaceOutcome.UNDECIDED:
        message = _(
            "Inconclusive ({reason}): measured {ratio:.3g}x, required {factor:g}x. Close other "
            "programs and grade again.",
            reason=_UNDECIDED[decision.reason],
            ratio=decision.ratio,
            factor=budget.factor,
        )
        return undecided(f"race-{decision.reason}", message, metrics=metrics, cost_rows=rows)
    finding = _(
        "Expected at least {factor:g}x the speed of the {baseline}, got {ratio:.3g}x. The "
        "reference reaches {reference:.3g}x, so yours takes {behind:.3g}x its time.",
        ratio=decision.ratio,
        baseline=Message(budget.baseline_name),
        factor=budget.factor,
        reference=decision.reference_ratio,
        behind=decision.reference_ratio / max(decision.ratio, 1e-9),
    )
    audit = _AUDITS.get(decision.reason, EMPTY)
    code = f"race-{decision.reason}" if audit else "slow"
    return failed(
        code, join(finding, audit, cause), case=case.label, metrics=metrics, cost_rows=rows
    )
