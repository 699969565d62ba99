"""Explanations of failed checks: repeat the last call, and find out what causes the failure.

Three ways, all with evidence: a trap of the exercise does exactly the same; a known trap is seen in
the code or in what it does; a small change of the code makes the check pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from torchkata.course.source_code import JudgedCode
from torchkata.errors import KataError
from torchkata.grading.checks.check import Check, FailureContext, JudgedCheck
from torchkata.grading.explain import (
    costs,
    dtypes,
    errors,
    gradients,
    memory,
    mutation,
    numbers,
    randomness,
    shapes,
    training,
    types,
)
from torchkata.grading.explain.course_traps import find_same_mistake
from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.repairs import find_repair
from torchkata.grading.explain.steps import find_bad_gradient, traced
from torchkata.grading.explain.trap import Trap
from torchkata.grading.explain.tree import JudgedTree
from torchkata.grading.session import Session
from torchkata.i18n import Message
from torchkata.result import AXES, CheckResult, Verdict

TRAPS: Final[tuple[Trap, ...]] = (
    *errors.TRAPS,
    *gradients.TRAPS,
    *training.TRAPS,
    *mutation.TRAPS,
    *dtypes.TRAPS,
    *types.TRAPS,
    *dtypes.CHANGES,
    *shapes.TRAPS,
    *numbers.TRAPS,
    *randomness.TRAPS,
    *costs.TRAPS,
    *memory.TRAPS,
    costs.python_loop,  # matches other traps too, so it comes last
)
"""The known traps, the most specific first: the first that matches explains the failure."""

GENERAL_TRAPS: Final[tuple[Trap, ...]] = (
    dtypes.dtype_changes,
    *numbers.SYMPTOMS,
    gradients.gradient_becomes_nan,
)
"""Traps that name a line and no mistake: tried after everything else."""

_COUNTED_AXES: Final = ("ops", "memory", "speed")
_REPAIRED_AXES: Final = frozenset(AXES) - {*_COUNTED_AXES, "device"}
_MOST_INSPECTED: Final = 6  # failed checks; if none of them has a known cause, others rarely do


def add_explanations(session: Session, judged: Sequence[JudgedCheck]) -> tuple[CheckResult, ...]:
    """Explain at most one of an exercise's failed checks.

    Call this after all checks are judged: it runs the submission again, which must not be able to
    change a verdict.

    Args:
        session: the exercise under judgment.
        judged: its checks.

    Returns:
        The results, one of them with `why` and `trap` if its cause was found.
    """
    results = tuple(each.result for each in judged)
    failed = [j for j in judged if j.result.verdict is Verdict.FAILED and j.context is not None]
    explained = _first_explained(session, failed)
    if explained is None:
        return results
    original, with_reason = explained
    return tuple(with_reason if result is original else result for result in results)


def _first_explained(
    session: Session, failed: list[JudgedCheck]
) -> tuple[CheckResult, CheckResult] | None:
    """Return the first result that can be explained, and the same with its explanation."""
    failures: list[tuple[JudgedCheck, Failure]] = []
    for judged in _worth_inspecting(failed):
        failure = _failure(session, judged)
        failures.append((judged, failure))
        context = judged.context or FailureContext()
        found = find_same_mistake(session, judged.check, context, failure) or _known(TRAPS, failure)
        if found is None and failure.axis in _REPAIRED_AXES:
            checks = [
                other.check
                for other in failed
                if other is not judged and other.result.axis in _REPAIRED_AXES
            ]
            found = find_repair(session, judged, failure, checks)
        if found is not None:
            return judged.result, _with_reason(judged.result, found)
    for judged, failure in failures:
        if (found := _known(GENERAL_TRAPS, failure)) is not None:
            return judged.result, _with_reason(judged.result, found)
    return None


def _with_reason(result: CheckResult, found: tuple[str, Message]) -> CheckResult:
    name, why = found
    return replace(result, why=why, trap=name)


def _worth_inspecting(failed: Iterable[JudgedCheck]) -> list[JudgedCheck]:
    """Return one failed check for each axis, budget and exception, in the order to fix them."""
    first: dict[tuple[object, ...], JudgedCheck] = {}
    for each in failed:
        result = each.result
        error = each.context.error if each.context is not None else None
        exception = (error.kind, error.line) if error is not None else ()
        budget = result.id if result.axis in _COUNTED_AXES else ""
        first.setdefault((result.axis, budget, exception), each)
    return sorted(first.values(), key=lambda j: AXES.index(j.result.axis))[:_MOST_INSPECTED]


def _known(traps: tuple[Trap, ...], failure: Failure) -> tuple[str, Message] | None:
    """Return name and sentence of the first trap that matches."""
    for trap in traps:
        if failure.axis in trap.axes:
            details = trap.match(failure)
            if details is not None:
                return trap.name, trap.sentence(**details)
    return None


def _failure(session: Session, judged: JudgedCheck) -> Failure:
    check, context = judged.check, judged.context or FailureContext()
    steps, host_syncs, reference_steps = _repeated(session, context)
    error = context.error
    line = (error.line or 0) if error is not None else 0
    source = session.submission.source.decode("utf-8", "replace")
    code = JudgedCode(source, _judged_names(session, check), {line, *(step.line for step in steps)})
    fault = context.facts.get("fault") if check.axis != "values" else ""
    fault = fault or check.axis == "gradient"
    bad = (
        find_bad_gradient(session, context.call)
        if context.call is not None and fault and error is None
        else None
    )
    return Failure(
        axis=check.axis,
        entry=check.entry,
        reads_files=session.spec.loads_data,
        finding=judged.result.code,
        code=code,
        tree=JudgedTree(source, code.numbers),
        source=source,
        exception=error.kind if error is not None else "",
        exception_text=str(error) if error is not None else "",
        line=line,
        facts=context.facts,
        steps=steps,
        reference_steps=reference_steps,
        host_syncs=host_syncs,
        bad_gradient=bad,
    )


def _judged_names(session: Session, check: Check) -> list[str]:
    """Return the functions and classes of the file that a check is about."""
    names = list(session.spec.names)
    if check.entry in names:
        names = [check.entry]
    bind = session.submission.bind
    return [bind.get(name, name) for name in names]


def _repeated(session: Session, context: FailureContext) -> tuple[Any, Any, Any]:
    """Repeat the last call; return its steps, its host synchronizations, the reference's steps."""
    call = context.call
    if call is None:
        return (), (), ()
    try:
        steps, host_syncs = traced(session, session.processes.worker_on(call.device), call)
    except KataError:
        steps, host_syncs = (), ()
    try:
        reference = session.processes.reference_on(call.device)
    except KataError:
        return steps, host_syncs, ()
    reference_steps, _host_syncs = traced(session, reference, call)
    return steps, host_syncs, reference_steps
