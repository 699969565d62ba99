"""Explanations of failed checks: repeat the last call, and find the known trap that matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import cloudpickle

from torchkata.course.source_code import JudgedCode
from torchkata.errors import KataError
from torchkata.grading.checks.check import Check, FailureContext, JudgedCheck
from torchkata.grading.explain import costs, memory, mutation, numbers, shapes, training, types
from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Trap
from torchkata.grading.session import ProbeCall, Session
from torchkata.i18n import Message
from torchkata.result import AXES, CheckResult, Verdict
from torchkata.worker import builtin_probes
from torchkata.worker.meters.trace import Step, read_steps

TRAPS: Final[tuple[Trap, ...]] = (
    *training.TRAPS,
    *mutation.TRAPS,
    *types.TRAPS,
    *shapes.TRAPS,
    *numbers.TRAPS,
    *costs.TRAPS,
    *memory.TRAPS,
    costs.python_loop,  # matches other traps too, so it comes last
)
"""The known traps, the most specific first: the first that matches explains the failure."""

_COUNTED_AXES: Final = ("ops", "memory", "speed")
_MOST_INSPECTED: Final = 6  # failed checks; if none of them has a known cause, others rarely do
_MOST_OP_TEXT: Final = 60  # characters


def add_explanations(session: Session, judged: Sequence[JudgedCheck]) -> tuple[CheckResult, ...]:
    """Explain at most one of an exercise's failed checks.

    Call this after all checks are judged: it runs the submission again, which must not be able to
    change a verdict.

    Args:
        session: the exercise under judgment.
        judged: its checks.

    Returns:
        The results, one of them with `why` and `trap` if its cause is a known trap.
    """
    results = tuple(each.result for each in judged)
    for each in _worth_inspecting(judged):
        explanation = _explain(session, each)
        if explanation is not None:
            trap, why = explanation
            explained = replace(each.result, why=why, trap=trap.name)
            return tuple(explained if other is each.result else other for other in results)
    return results


def _worth_inspecting(judged: Iterable[JudgedCheck]) -> list[JudgedCheck]:
    """Return one failed check for each axis, budget and exception, in the order to fix them."""
    first: dict[tuple[object, ...], JudgedCheck] = {}
    for each in judged:
        result = each.result
        if result.verdict is Verdict.FAILED and each.context is not None:
            error = each.context.error
            exception = (error.kind, error.line) if error is not None else ()
            budget = result.id if result.axis in _COUNTED_AXES else ""
            first.setdefault((result.axis, budget, exception), each)
    return sorted(first.values(), key=lambda j: AXES.index(j.result.axis))[:_MOST_INSPECTED]


def _explain(session: Session, judged: JudgedCheck) -> tuple[Trap, Message] | None:
    """Return the first trap that matches, and its sentence."""
    failure = _failure(session, judged.check, judged.context or FailureContext())
    for trap in TRAPS:
        if failure.axis in trap.axes:
            details = trap.match(failure)
            if details is not None:
                return trap, trap.sentence(**details)
    return None


def _failure(session: Session, check: Check, context: FailureContext) -> Failure:
    steps, host_syncs = _repeat(session, context.call, on_reference=False)
    reference_steps, _host_syncs = _repeat(session, context.call, on_reference=True)
    error = context.error
    line = (error.line or 0) if error is not None else 0
    names = [check.entry] if check.entry else list(session.spec.names)
    bind = session.submission.bind
    return Failure(
        axis=check.axis,
        code=JudgedCode(
            session.submission.source.decode("utf-8", "replace"),
            [bind.get(name, name) for name in names],
            {line, *(step.line for step in steps)},
        ),
        exception=error.kind if error is not None else "",
        exception_text=str(error) if error is not None else "",
        line=line,
        facts=context.facts,
        steps=steps,
        reference_steps=reference_steps,
        host_syncs=host_syncs,
    )


def _repeat(
    session: Session, call: ProbeCall | None, *, on_reference: bool
) -> tuple[tuple[Step, ...], tuple[tuple[str, int], ...]]:
    """Repeat a call and return its steps and host synchronizations; empty if that fails."""
    if call is None:
        return (), ()
    cloudpickle.register_pickle_by_value(session.exercise.grader.module)
    processes = session.processes
    worker_on = processes.reference_on if on_reference else processes.worker_on
    try:
        worker = worker_on(call.device)
        reply: Any = worker.run(
            builtin_probes.run_traced, call.probe, call.arguments(), call.device
        )
        host_syncs = tuple(
            (str(op)[:_MOST_OP_TEXT], line or 0) for op, line in reply["synchronizations"]
        )
        return read_steps(reply["steps"]), host_syncs
    except (KataError, KeyError, TypeError, ValueError):
        return (), ()
