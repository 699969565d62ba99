"""What one learner is told, as data (schema 1): rules, cases, costs and points, no hidden values.

    {"schema": 1, "learner": name, "late": bool, "handed_in": time or null,
     "problems": [what could not be taken of the hand-in],
     "points": sum, "points_open": weight that waits for a person, "points_possible": sum,
     "summary": {state: count},
     "exercises": [{"id", "name", "chapter", "state", "points": number or null, "weight", "message",
                    "axes": {axis: [passed, judged]},
                    "findings": [{"check", "axis", "case", "device", "verdict", "message",
                                  "figures": {name with its unit: number}}]}]}

`state` is one of the report's, or `missing`. `points` is null where nobody has decided yet, which
is no 0: a person has to look. `findings` are the checks that did not pass, and those that count
costs; every word of them is the judge's own (see `discreet`), for what a submission prints, raises
or returns may hold hidden inputs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from torchkata.course.catalogue import Exercise
from torchkata.instructor.gradebook.csv_export import Cell
from torchkata.instructor.gradebook.db import Row
from torchkata.instructor.gradebook.redaction import finding
from torchkata.result import Verdict

SCHEMA: Final = 1


@dataclass(frozen=True, kw_only=True)
class Told:
    """One learner's feedback on one exercise.

    Attributes:
        lesson: the exercise.
        cell: state, points, weight and a line on it.
        axes: by axis, how many checks passed of how many.
        findings: checks that did not pass or count a cost, from `discreet`.
    """

    exercise: Exercise
    cell: Cell
    axes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    findings: Sequence[Mapping[str, Any]] = ()


def told(exercise: Exercise, cell: Cell, row: Row | None) -> Told:
    """Take from a verdict what its learner may read.

    Args:
        lesson: the exercise.
        cell: what the gradebook's tables say of it.
        row: the verdict; None where nothing was handed in.
    """
    if row is None:
        return Told(exercise=exercise, cell=cell)
    found = [_bounded(finding(check)) for check in row.result["checks"]]
    judged = Counter(each["axis"] for each in found)
    passed = Counter(each["axis"] for each in found if each["verdict"] == Verdict.PASSED)
    return Told(
        exercise=exercise,
        cell=cell,
        axes={axis: (passed[axis], count) for axis, count in judged.items()},
        findings=[each for each in found if each["verdict"] != Verdict.PASSED or each["figures"]],
    )


def _bounded(found: dict[str, Any]) -> dict[str, Any]:
    """Numbers only: the meters run beside the submission, which may have put in other things."""
    figures = {
        str(name): value
        for name, value in found["figures"].items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
    return {**found, "figures": figures}


def feedback(learner: str, about: Mapping[str, Any], exercises: Iterable[Told]) -> dict[str, Any]:
    """A learner's feedback by schema 1.

    Args:
        learner: by the gradebook's name.
        about: late, handed_in and problems, as the gradebook has them.
        exercises: in the course's order.
    """
    each = list(exercises)
    return {
        "schema": SCHEMA,
        "learner": learner,
        "late": about["late"],
        "handed_in": about["handed_in"],
        "problems": about["problems"],
        "points": sum(told.cell.points or 0.0 for told in each),
        "points_open": sum(told.cell.weight for told in each if told.cell.points is None),
        "points_possible": sum(told.cell.weight for told in each),
        "summary": dict(Counter(told.cell.state for told in each)),
        "exercises": [
            {
                "id": told.exercise.id,
                "name": told.exercise.name,
                "chapter": told.exercise.chapter,
                "state": told.cell.state,
                "points": told.cell.points,
                "weight": told.cell.weight,
                "message": told.cell.message,
                "axes": {axis: list(counts) for axis, counts in told.axes.items()},
                "findings": list(told.findings),
            }
            for told in each
        ],
    }
