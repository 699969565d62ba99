"""The speed check: baseline, submission and reference race in workers of their own."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch

from torchkata.course.spec.budgets import Speedup
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.tolerance import Tolerance
from torchkata.course.translations import told
from torchkata.errors import CheckFailed, SubmissionError, Unmeasurable
from torchkata.grading.checks.check import raised
from torchkata.grading.checks.cost_attribution import why_slow
from torchkata.grading.checks.cost_table import label
from torchkata.grading.checks.outputs import on
from torchkata.grading.compare import differences, tolerance_for
from torchkata.grading.session import Session
from torchkata.grading.timing.race import Block, Decision, Outcome, Rule, decide
from torchkata.i18n import _, join
from torchkata.sandbox.worker_client import Timing, Worker

_HARNESS_SWITCHES: Final = 2  # the worker waits twice within a block: for `go` and for `send`
_MOST_BYTES: Final = 8 << 20  # of inputs in one block
_MOST_CALLS: Final = 64  # in one block: a harness of 15 us weighs little even on calls of 3 us
_ROOM: Final = 8.0
_TRANSPORT_FACTOR: Final = 2.0
_TRANSPORT_SLACK_NS: Final = 200_000


@dataclass(kw_only=True)
class _Racer:
    """One contender: calls an entry point of a worker on inputs that nobody has seen before."""

    worker: Worker
    entry: str
    draw: Callable[[int], list[tuple[Any, ...]]]
    done: Block | None = None

    def block(self, calls: int, /) -> Block:
        """Run a block of `calls` calls, unless one was run lately and nobody has asked for it."""
        done, self.done = self.done, None
        if done is not None and done.calls == calls:
            return done
        _unused, timing = self.worker.call(self.entry, self.draw(calls))
        return _block(calls, timing, 0)


@dataclass(kw_only=True)
class _Judged(_Racer):
    """The submission: every answer of every block is verified against the reference.

    Only the calls themselves are timed, so a submission could hide work while inputs are read or
    answers written. Whatever it spends there beyond the reference on the same inputs is charged.
    """

    reference: _Racer
    verify: Callable[[list[Any], list[Any]], None]

    def block(self, calls: int, /) -> Block:
        """Run a block, then the same inputs through the reference, and compare."""
        inputs = self.draw(calls)
        self.worker.resume()
        try:
            got, timing = self.worker.call(self.entry, inputs)
        finally:
            if self.worker.alive:
                self.worker.pause()
        expected, honest = self.reference.worker.call(self.entry, inputs)
        self.verify(got, expected)
        if calls > 1:  # a single call has to be as cold as the submission's
            self.reference.done = _block(calls, honest, 0)
        transport = timing.unpack_ns + timing.pack_ns
        fair = _TRANSPORT_FACTOR * (honest.unpack_ns + honest.pack_ns) + _TRANSPORT_SLACK_NS
        return _block(calls, timing, max(0.0, transport - fair))


def _block(calls: int, timing: Timing, surcharge: float) -> Block:
    switches = None
    if timing.switches is not None:
        switches = max(0, timing.switches - _HARNESS_SWITCHES)
    return Block(
        calls=calls, cpu_ns=timing.run_ns + surcharge, wall_ns=timing.wall_ns, switches=switches
    )


def speed(session: Session, function: Function, budget: Speedup) -> dict[str, float]:
    """The submission is at least `budget.factor` times faster than the named slow version.

    Returns:
        The figures of the race.
    """
    case = Case.timed(budget.at)
    turns = iter(range(1 << 40))

    def draw(calls: int) -> list[tuple[Any, ...]]:
        return [session.draw(function, case, turn=next(turns)) for _unused in range(calls)]

    session.ask(function, case)
    slow, name = session.baseline(budget.over)
    reference = _Racer(worker=session.reference, entry=function.name, draw=draw)
    judged = _Judged(
        worker=session.worker,
        entry=function.name,
        draw=draw,
        reference=reference,
        verify=partial(_verify, function),
    )
    try:
        with session.launcher.turn(), session.hushed():
            decision = decide(
                _Racer(worker=slow, entry=name, draw=draw),
                judged,
                reference,
                budget.factor,
                rule=Rule(max_calls=_most_calls(draw(1)[0])),
                rng=random.SystemRandom(),
            )
    except SubmissionError as error:
        raise CheckFailed(_("While it was timed: {what}.", what=raised(error))) from error
    _note(session, budget, label(session, function, case), decision)
    failed = decision.outcome is Outcome.SLOWER and not _why(decision.reason)
    cause = why_slow(session, function, case) if failed else ""
    return _verdict(budget, decision, case, cause)


def _verify(function: Function, got: list[Any], expected: list[Any]) -> None:
    """Every answer of a block is the reference's, or there is nothing to time."""
    tolerance = function.tolerance
    if len({_form(leaf) for leaf in [*got, *expected]}) == 1 and torch.is_tensor(got[0]):
        got, expected = [torch.stack(got)], [torch.stack(expected)]
        if tolerance is None:  # the values checks are strict; thousands of sums need more room
            strict = tolerance_for(expected[0])
            tolerance = Tolerance(rtol=_ROOM * strict.rtol, atol=_ROOM * strict.atol)
    for difference in differences(got, expected, tolerance=tolerance, name=f"`{function.name}`"):
        raise CheckFailed(
            join(
                _(
                    "An answer was wrong while it was timed; every call has new inputs, and every "
                    "answer is verified."
                ),
                difference.message,
            ),
            difference.facts,
        )


def _form(leaf: Any) -> object:
    return (leaf.shape, leaf.dtype) if torch.is_tensor(leaf) else type(leaf)


def _most_calls(arguments: tuple[Any, ...]) -> int:
    size = sum(a.numel() * a.element_size() for a in arguments if hasattr(a, "element_size"))
    return int(max(1, min(_MOST_CALLS, _MOST_BYTES // max(1, size))))


def _note(session: Session, budget: Speedup, case: str, decision: Decision) -> None:
    for who, ns in (
        (budget.rival, decision.baseline_ns),
        ("yours", decision.candidate_ns),
        ("reference", decision.reference_ns),
    ):
        session.rung(who, case, seconds_median=ns * 1e-9)


def _verdict(budget: Speedup, decision: Decision, case: Case, cause: str) -> dict[str, float]:
    figures = {
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
    if decision.outcome is Outcome.FASTER:
        return figures
    if decision.outcome is Outcome.UNDECIDED:
        raise Unmeasurable(
            _(
                "The clock cannot decide now ({reason}): {ratio:.3g} x measured, {factor:g} x "
                "asked for. Close other programs and grade again.",
                reason=_reason(decision.reason),
                ratio=decision.ratio,
                factor=budget.factor,
            ),
            **figures,
        )
    finding = _(
        "{ratio:.3g} x as fast as the {rival}; at least {factor:g} x is asked for. The reference "
        "reaches {reference:.3g} x, so yours takes {behind:.3g} x its time.",
        ratio=decision.ratio,
        rival=told(budget.rival),
        factor=budget.factor,
        reference=decision.reference_ratio,
        behind=decision.reference_ratio / max(decision.ratio, 1e-9),
    )
    raise CheckFailed(join(finding, _why(decision.reason), cause, on(case)), **figures)


def _reason(undecided: str) -> str:
    """Why the clock cannot decide, in the language in force."""
    return {
        "the reference misses it too": _("the reference misses it too"),
        "the clock stands still": _("the clock stands still"),
        "machine too busy": _("machine too busy"),
        "too close to call": _("too close to call"),
    }.get(undecided, undecided)


def _why(failed: str) -> str:
    """What the audit of a race found, as a sentence; empty where it found nothing."""
    return {
        "sleeps": _("Waiting counts like working: it sleeps during the call."),
        "batch only": _(
            "It is fast only when many calls are timed together; each call on its own is slow."
        ),
    }.get(failed, "")
