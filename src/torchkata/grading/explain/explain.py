"""Finds the sentence for a failed exercise: puts the failed question once more, and looks it up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import cloudpickle

from torchkata.errors import KataError
from torchkata.grading.checks.check import Check
from torchkata.grading.checks.evidence import Evidence, Question
from torchkata.grading.explain.code import Code
from torchkata.grading.explain.failure import Symptom
from torchkata.grading.explain.table import ROWS
from torchkata.grading.session import Session
from torchkata.result import AXES, CheckResult, Verdict
from torchkata.sandbox.worker_client import Worker
from torchkata.worker import builtin_probes
from torchkata.worker.meters.trace import Step, read_steps

_COUNTED = ("ops", "memory", "speed")
_MOST_LOOKED_AT = 6  # failed checks; what explains none of these hardly explains the seventh


def explained(
    session: Session, checks: Sequence[Check], results: tuple[CheckResult, ...]
) -> tuple[CheckResult, ...]:
    """Give at most one of an exercise's failed checks its sentence.

    To be called when all verdicts are in: the submission runs once more here, and whatever it does
    cannot change them any more.

    Args:
        session: the exercise under judgement.
        checks: that were judged.
        results: theirs.
    """
    known = {check.id: check for check in checks}
    for result in _worth_a_look(session, results):
        found = _looked_up(session, known[result.id], session.evidence[result.id])
        if found is not None:
            name, sentence = found
            told = replace(result, why=sentence, trap=name)
            return tuple(told if other is result else other for other in results)
    return results


def _worth_a_look(session: Session, results: Iterable[CheckResult]) -> list[CheckResult]:
    """One failed check of each axis, budget and exception, in the order of mending."""
    chosen: dict[tuple[object, ...], CheckResult] = {}
    for result in results:
        if result.verdict is Verdict.FAILED and result.id in session.evidence:
            error = session.evidence[result.id].error
            kind = (error.kind, error.line) if error is not None else ()
            which = result.id if result.axis in _COUNTED else ""  # each budget has its own story
            chosen.setdefault((result.axis, which, kind), result)
    return sorted(chosen.values(), key=lambda r: AXES.index(r.axis))[:_MOST_LOOKED_AT]


def _looked_up(session: Session, check: Check, evidence: Evidence) -> tuple[str, str] | None:
    """Name and sentence of the first row that holds."""
    symptom = _symptom(session, check, evidence)
    for row in ROWS:
        if symptom.axis in row.axes:
            found = row.when(symptom)
            if found is not None:
                return row.name, row.sentence(**found)
    return None


def _symptom(session: Session, check: Check, evidence: Evidence) -> Symptom:
    steps, reads = _traced(session, evidence.question, trusted=False)
    theirs, _ = _traced(session, evidence.question, trusted=True)
    error = evidence.error
    line = (error.line or 0) if error is not None else 0
    names = [check.entry] if check.entry else list(session.spec.names)
    bind = session.submission.bind
    return Symptom(
        axis=check.axis,
        code=Code(
            session.submission.source.decode("utf-8", "replace"),
            [bind.get(name, name) for name in names],
            {line, *(step.line for step in steps)},
        ),
        entry=check.entry,
        kind=error.kind if error is not None else "",
        text=str(error) if error is not None else "",
        line=line,
        facts=evidence.facts,
        steps=steps,
        theirs=theirs,
        reads=reads,
    )


def _traced(
    session: Session, question: Question | None, *, trusted: bool
) -> tuple[tuple[Step, ...], tuple[tuple[str, int], ...]]:
    """What submission or reference do when they are asked; nothing where that cannot be told."""
    if question is None:
        return (), ()
    cloudpickle.register_pickle_by_value(session.exercise.grader.module)
    worker_on = session.reference_on if trusted else session.worker_on
    try:
        worker: Worker = worker_on(question.device)
        arguments = question.arguments()
        answer: Any = worker.run(builtin_probes.traced, question.probe, arguments, question.device)
        reads = tuple((str(op)[:60], at or 0) for op, at in answer["synchronisations"])
        return read_steps(answer["steps"]), reads
    except (KataError, KeyError, TypeError, ValueError):
        return (), ()
