"""The cause of a failure by trial: a small change of the submission makes the check pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import KataError
from torchkata.grading.checks.check import Check, JudgedCheck
from torchkata.grading.explain.edits import KINDS
from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.outcomes import outcome_on, outcomes_of_versions, same
from torchkata.grading.explain.tree import JudgedTree
from torchkata.grading.explain.trial import passing
from torchkata.grading.session import ProbeCall, Session
from torchkata.i18n import Message

_MOST_VERSIONS: Final = 80  # that repeat the failing call
_MOST_TRIALS: Final = 5  # of the whole check
_MOST_CHECKS: Final = 5
_ROUGHLY: Final = Tolerance(rtol=1e-3, atol=1e-3)  # the check itself decides


def find_repair(
    session: Session, judged: JudgedCheck, failure: Failure, others: Sequence[Check]
) -> tuple[str, Message] | None:
    """Return the name and the sentence of a change that makes a failed check pass.

    Candidates first repeat the failing call, all in one process; the few that give the
    reference's result are then judged by the whole check, and by other failed ones.

    Args:
        session: the exercise under judgment.
        judged: the failed check.
        failure: what is known about it.
        others: further failed checks; a change has to make most of them pass, too.
    """
    call = judged.context.call if judged.context is not None else None
    if call is None or not failure.tree.nodes:
        return None
    checks = [judged.check, *others][:_MOST_CHECKS]
    best: tuple[int, str, Message] | None = None
    for kind, source, message in _promising(session, call, failure):
        try:
            results = passing(session, source, checks)
        except KataError:
            return None
        count = sum(results)
        mends = bool(results) and results[0] and 2 * count > len(checks)
        if mends and (best is None or count > best[0]):
            best = count, kind, message
        if count == len(checks):
            break
    return best[1:] if best is not None else None


def _promising(
    session: Session, call: ProbeCall, failure: Failure
) -> list[tuple[str, bytes, Message]]:
    """Return the versions of a submission that repeat a call with the reference's result."""
    versions = list(islice(versions_of(failure.source, failure.tree, failure.axis), _MOST_VERSIONS))
    if not versions:
        return []
    gradient = failure.axis == "gradient"
    try:
        reference = session.processes.reference_on(call.device)
    except KataError:  # a kit without the reference
        return []
    wanted = outcome_on(session, reference, call, gradient=gradient)
    sources = [source for _kind, source, _message in versions]
    found = outcomes_of_versions(session, call, sources, gradient=gradient)
    promising = (
        version
        for version, outcome in zip(versions, found, strict=False)
        if "value" in outcome and same(outcome, wanted, _ROUGHLY)
    )
    return list(islice(promising, _MOST_TRIALS))


def versions_of(source: str, tree: JudgedTree, axis: str) -> Iterator[tuple[str, bytes, Message]]:
    """Yield kind, source and sentence of each change that may mend a failure on an axis."""
    data = source.encode()
    starts = [0]
    for line in data.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    for kind, axes, find in KINDS:
        for node, text, message in find(tree) if axis in axes.split() else ():
            first, last = _span(node, starts)
            yield kind, data[:first] + text.encode() + data[last:], message


def _span(node: ast.AST, starts: list[int]) -> tuple[int, int]:
    """Return the first byte of a node, and the one after its last."""
    line, column, end_line, end_column = (
        int(getattr(node, name))
        for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")
    )
    return starts[line - 1] + column, starts[end_line - 1] + end_column
