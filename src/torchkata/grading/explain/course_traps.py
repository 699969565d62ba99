"""Traps of the exercise: the solution has the same mistake, and says why it is one.

A solution may give reasons for its traps, `WHY = {"trap": "A sentence."}`. With a pattern of code,
`"trap": ("A sentence.", r"pattern")`, the submission has to contain it. A submission makes
the same mistake if it does what that trap does, on the inputs that failed and on the usual ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from torchkata.course.source_code import JudgedCode
from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CourseError
from torchkata.grading.checks.check import Check, FailureContext
from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.outcomes import Outcome, evidence, is_plain, outcome_on, same
from torchkata.grading.explain.steps import traced
from torchkata.grading.session import ProbeCall, Session
from torchkata.i18n import EMPTY, Message, _, join
from torchkata.worker import builtin_probes
from torchkata.worker.meters.trace import Step

_ENOUGH: Final = 1  # value that agrees with the trap to all digits, and not with the reference
_FEW_OPS: Final = 3
_MOST_OTHERS: Final = 4
_MOST_CASES: Final = 8
_COUNTED: Final = ("ops", "memory")
_NOT_REPEATED: Final = ("speed",)


def find_same_mistake(
    session: Session,
    check: Check,
    context: FailureContext,
    failure: Failure,
    others: Sequence[ProbeCall] = (),
) -> tuple[str, Message] | None:
    """Return the trap of the solution that fails like the submission, and its reason.

    Args:
        session: the exercise under judgment.
        check: a failed check.
        context: what is kept of it.
        failure: what is known about it.
        others: further calls that failed; they decide between traps that are alike on this one.
    """
    reasons: Mapping[str, object] = session.exercise.solution_literal("WHY", {})
    call = context.call
    if call is None or not reasons or check.axis in _NOT_REPEATED:
        return None
    try:
        alike = [
            (agreements, trap)
            for entry, trap, axis in _traps(session)
            if trap in reasons and (axis in _COUNTED) == (check.axis in _COUNTED)
            if (agreements := _agreements(session, check, call, failure, {entry: trap}, others))
        ]
    except CourseError:  # a kit without the reference
        return None
    for _most, trap in sorted(alike, key=lambda found: -found[0]):
        sentence = _sentence(reasons[trap], failure.code)
        if sentence is not None:
            return trap, sentence
    return None


def _traps(session: Session) -> Iterator[tuple[str, str, str]]:
    """Yield entry point, name and axis of each trap of the solution."""
    for entry, traps in session.exercise.solution_literal("TRAPS", {}).items():
        for name, axis in traps.items():
            yield entry, name, axis


def _agreements(
    session: Session,
    check: Check,
    call: ProbeCall,
    failure: Failure,
    bind: Mapping[str, str],
    others: Sequence[ProbeCall],
) -> int:
    """Return in how many failing calls a trap does what the submission does; 0 if not in this one.

    The results have to differ from the reference's, in values that do not agree by chance.
    """
    if check.axis in _COUNTED:
        return int(_same_ops(session, call, failure, bind))
    gradient = check.axis == "gradient"
    mine, trap, right = _outcomes(session, call, bind, gradient=gradient)
    exactly = Tolerance(rtol=0.0, atol=0.0) if is_plain(mine) else None
    if not same(mine, trap) or same(trap, right, exactly):
        return 0
    if "error" in mine:
        return int(bool(mine.get("text")))
    cases = _calls_of_cases(session, check)
    found, agreed, differed = evidence(mine, right), 1, 0
    for other in (*cases, *others[-_MOST_OTHERS:]):
        mine, trap, right = _outcomes(session, other, bind, gradient=gradient)
        if same(mine, trap):
            agreed += 1
            found += evidence(mine, right)
        elif cases and other is cases[0]:
            return 0
        else:
            differed += 1
    return agreed if found >= _ENOUGH and agreed > differed else 0


def _outcomes(
    session: Session, call: ProbeCall, bind: Mapping[str, str], *, gradient: bool
) -> tuple[Outcome, Outcome, Outcome]:
    processes = session.processes
    reference = processes.reference_on(call.device)
    return (
        outcome_on(session, processes.worker_on(call.device), call, gradient=gradient),
        outcome_on(session, reference, call, gradient=gradient, bind=bind),
        outcome_on(session, reference, call, gradient=gradient),
    )


def _calls_of_cases(session: Session, check: Check) -> list[ProbeCall]:
    """Return the calls of a function on its cases, the usual one first; none for other entries."""
    function = next((each for each in session.spec.functions if each.name == check.entry), None)
    if function is None:
        return []
    usual = function.case_for_variants
    others = [case for case in function.cases if case is not usual and case.raises is None]
    cases = [usual, *others[1 - _MOST_CASES :]]  # the last ones are the special ones
    return [
        ProbeCall(
            probe=builtin_probes.call,
            arguments=lambda case=case: (function.name, *session.draw(function, case)),  # type: ignore[misc]
        )
        for case in cases
        if case.raises is None
    ]


def _same_ops(session: Session, call: ProbeCall, failure: Failure, bind: Mapping[str, str]) -> bool:
    """Return whether the submission runs the ops of a trap, and the reference runs others."""
    reference = session.processes.reference_on(call.device)
    trap, _host_syncs = traced(session, reference, call, bind)
    mine, theirs = _histogram(failure.steps), _histogram(trap)
    few = mine.total() < _FEW_OPS
    return not few and mine == theirs != _histogram(failure.reference_steps)


def _histogram(steps: tuple[Step, ...]) -> Counter[str]:
    """Count ops by name, without views and creations."""
    counts: Counter[str] = Counter()
    for step in steps:
        if step.line and step.input_shapes and step.op not in _VIEWS:
            counts[step.op.rstrip("_")] += step.count
    return counts


_VIEWS: Final = {
    "alias", "detach", "expand", "permute", "select", "slice", "squeeze", "t", "transpose",
    "unbind", "unsqueeze", "view", "clone", "zeros_like", "lift_fresh",
}  # fmt: skip


def _sentence(reason: object, code: JudgedCode) -> Message | None:
    """Return a reason, followed by its line; None if the code lacks what the reason is about.

    Args:
        reason: a sentence, or a sentence and the pattern of the line that it is about.
        code: the judged code.
    """
    text, pattern = (reason, "") if isinstance(reason, str) else _pair(reason)
    line = code.find(pattern) if pattern else 0
    if pattern and not line:
        return None
    return join(Message(text), _("See line {line}.", line=line) if line else EMPTY)


def _pair(reason: object) -> tuple[str, str]:
    match reason:
        case (str() as text, str() as pattern):
            return text, pattern
    raise CourseError("WHY: expected a sentence, or a sentence and a pattern.")
