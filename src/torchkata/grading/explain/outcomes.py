"""Outcomes of a repeated call: run it for the submission, its changed copies, and known traps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import cloudpickle
import numpy as np
import torch
from torch.utils._pytree import tree_leaves

from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CourseError, KataError
from torchkata.grading.compare import differences
from torchkata.grading.session import ProbeCall, Session
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.worker import explaining_probes

Outcome = Mapping[str, Any]
"""`value` and `gradients`, or `error` and `text`; see `explaining_probes.outcome`."""

_NONE: Final[Outcome] = {}


def outcome_on(
    session: Session,
    worker: WorkerClient,
    call: ProbeCall,
    *,
    gradient: bool,
    bind: Mapping[str, str] | None = None,
) -> Outcome:
    """Repeat a call in a worker, with names bound to others; empty if that fails."""
    cloudpickle.register_pickle_by_value(session.exercise.grader.module)
    try:
        reply = worker.run(
            explaining_probes.outcome,
            dict(bind or {}),
            call.probe,
            call.arguments(),
            call.device,
            gradient=gradient,
        )
    except KataError:
        return _NONE
    return reply if isinstance(reply, dict) else _NONE


def outcomes_of_versions(
    session: Session, call: ProbeCall, sources: list[bytes], *, gradient: bool
) -> list[Outcome]:
    """Repeat a call for changed copies of the submission; empty if that fails."""
    cloudpickle.register_pickle_by_value(session.exercise.grader.module)
    try:
        reply = session.processes.worker_on(call.device).run(
            explaining_probes.outcomes_of_versions,
            sources,
            dict(session.submission.bind),
            call.probe,
            call.arguments(),
            call.device,
            gradient=gradient,
        )
    except KataError:
        return []
    valid = isinstance(reply, list) and len(reply) == len(sources)
    return [each if isinstance(each, dict) else _NONE for each in reply] if valid else []


def same(mine: Outcome, theirs: Outcome, tolerance: Tolerance | None = None) -> bool:
    """Return whether two outcomes are equal: values, dtypes and gradients, or exceptions."""
    if "error" in theirs or "error" in mine:
        both = "error" in theirs and "error" in mine
        return both and (mine["error"], mine.get("text")) == (theirs["error"], theirs.get("text"))
    if "value" not in mine or "value" not in theirs:
        return False
    return not any(
        _different(mine[part], theirs[part], tolerance)
        for part in ("value", "gradients")
        if part in mine and part in theirs
    )


def _different(mine: Any, theirs: Any, tolerance: Tolerance | None) -> bool:
    try:
        return bool(differences(mine, theirs, tolerance=tolerance, dtype=True))
    except CourseError:  # of a type that cannot be compared
        return True


def is_plain(outcome: Outcome) -> bool:
    """Return whether an outcome consists of Python values, which are typed rather than computed."""
    leaves = tree_leaves(outcome.get("value"))
    return not any(isinstance(leaf, torch.Tensor | np.ndarray) for leaf in leaves)


def evidence(mine: Outcome, right: Outcome) -> int:
    """Return how much of a result could not agree with that of a trap by chance.

    Args:
        mine: the result of the submission, equal to the trap's.
        right: the reference's.

    Returns:
        The number of different values that the reference does not return. Small whole numbers,
        bools and nan count by their positions, eight of which are worth one value.
    """
    telling: set[object] = set()
    plain = is_plain(mine)
    places = 0
    for place, (got, expected) in enumerate(_leaf_pairs(mine, right)):
        for index, value in enumerate(got):
            if expected and _equal(value, expected[index], exactly=plain):
                continue
            if isinstance(value, float) and _is_telling(value):
                telling.add(value)
            elif isinstance(value, int | float):
                places += 1
            else:
                telling.add((place, repr(value)))
    return len(telling) + places // _PLACES


def _is_telling(value: float) -> bool:
    return math.isfinite(value) and (not value.is_integer() or abs(value) > _LARGE)


def _leaf_pairs(mine: Outcome, right: Outcome) -> Iterator[tuple[list[object], list[object]]]:
    """Yield the values of each leaf; those of the reference are empty if it has another form."""
    for part in ("value", "gradients"):
        ours, theirs = tree_leaves(mine.get(part)), tree_leaves(right.get(part))
        same_form = len(ours) == len(theirs)
        for index, leaf in enumerate(ours):
            got, expected = _values(leaf), _values(theirs[index]) if same_form else []
            yield got, expected if len(expected) == len(got) else []


def _values(leaf: Any) -> list[object]:
    if isinstance(leaf, np.ndarray):
        return list(leaf.reshape(-1)[:_MOST].tolist())
    if isinstance(leaf, torch.Tensor):
        return list(leaf.detach().reshape(-1)[:_MOST].tolist())
    return [leaf]


def _equal(value: object, other: object, *, exactly: bool) -> bool:
    if not exactly and isinstance(value, float) and isinstance(other, float):
        both_nan = math.isnan(value) and math.isnan(other)
        return both_nan or math.isclose(value, other, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
    return value == other


_MOST: Final = 1000
_LARGE: Final = 1e6
_PLACES: Final = 8
_ROUNDING: Final = 1e-4
