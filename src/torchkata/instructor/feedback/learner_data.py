"""One learner's feedback as data: rules, cases, costs and points, but no hidden values.

The JSON file (schema 1):

    {"schema": 1, "learner": name, "late": bool, "handed_in": time or null,
     "problems": [which files were rejected, and why],
     "points": sum, "points_open": undecided points, "points_possible": sum,
     "summary": {state: count},
     "exercises": [{"id", "name", "chapter", "state", "points": number or null, "weight", "message",
                    "axes": {axis: [passed, judged]},
                    "findings": [{"check", "axis", "case", "device", "verdict", "message",
                                  "figures": {name with its unit: number}}]}]}

`state` is one of the report's, or `missing`. `points` is null, which is not 0, if a person has to
decide. `findings` are the checks that did not pass, and those that measure costs. All texts are the
engine's own (see `redaction`), because what a submission prints, raises or returns may contain
hidden inputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from torchkata.course.exercise import Exercise
from torchkata.i18n import Translator
from torchkata.instructor.gradebook.csv_export import Cell
from torchkata.instructor.gradebook.db import LearnerRecord, StoredVerdict
from torchkata.instructor.gradebook.redaction import RedactedCheck, redact_check
from torchkata.result import Localize, Verdict

SCHEMA: Final = 1


@dataclass(frozen=True, kw_only=True)
class ExerciseFeedback:
    """One learner's feedback on one exercise.

    Attributes:
        exercise: The exercise.
        cell: State, points, weight and a line of text.
        axes: How many checks passed and how many were judged, by axis.
        findings: Checks that did not pass or that measure costs.
    """

    exercise: Exercise
    cell: Cell
    axes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    findings: Sequence[RedactedCheck] = ()

    def as_json(self, translate: Translator) -> dict[str, Any]:
        """Return the feedback as JSON-ready data; names of checks and cases stay English."""
        return {
            "id": self.exercise.id,
            "name": self.exercise.name,
            "chapter": self.exercise.chapter,
            "state": self.cell.state,
            "points": self.cell.points,
            "weight": self.cell.weight,
            "message": translate(self.cell.message),
            "axes": {axis: list(counts) for axis, counts in self.axes.items()},
            "findings": [
                {
                    "check": check.id,
                    "axis": check.axis,
                    "case": str(check.case),
                    "device": check.device,
                    "verdict": check.verdict,
                    "message": translate(check.message),
                    "figures": dict(check.metrics),
                }
                for check in self.findings
            ],
        }


@dataclass(frozen=True, kw_only=True)
class LearnerFeedback:
    """One learner's feedback.

    Attributes:
        learner: The learner's name in the gradebook.
        record: Time, lateness and problems of the submission.
        exercises: In the order of the course.
    """

    learner: str
    record: LearnerRecord
    exercises: Sequence[ExerciseFeedback]

    @property
    def points(self) -> float:
        """The sum of the points, without undecided ones."""
        return sum(each.cell.points or 0.0 for each in self.exercises)

    @property
    def undecided_points(self) -> float:
        """The weight of the exercises that a person has to decide."""
        return sum(each.cell.weight for each in self.exercises if each.cell.points is None)

    @property
    def possible_points(self) -> float:
        """The weight of all exercises."""
        return sum(each.cell.weight for each in self.exercises)

    @property
    def state_counts(self) -> Counter[str]:
        """How many exercises are in each state."""
        return Counter(each.cell.state for each in self.exercises)

    def as_json(self, localize: Localize) -> dict[str, Any]:
        """Return the feedback as JSON-ready data by schema 1."""
        translate, handed_in = localize(""), self.record.handed_in
        return {
            "schema": SCHEMA,
            "learner": self.learner,
            "late": self.record.late,
            "handed_in": handed_in and handed_in.isoformat(),
            "problems": [translate(problem.message) for problem in self.record.problems],
            "points": self.points,
            "points_open": self.undecided_points,
            "points_possible": self.possible_points,
            "summary": dict(self.state_counts),
            "exercises": [each.as_json(localize(each.exercise.id)) for each in self.exercises],
        }


def exercise_feedback(
    exercise: Exercise, cell: Cell, verdict: StoredVerdict | None
) -> ExerciseFeedback:
    """Return the part of a verdict that its learner may read.

    Args:
        exercise: The exercise.
        cell: The learner's cell in the gradebook's tables.
        verdict: None if nothing was submitted.
    """
    if verdict is None:
        return ExerciseFeedback(exercise=exercise, cell=cell)
    checks = [redact_check(check) for check in verdict.result["checks"]]
    judged = Counter(check.axis for check in checks)
    passed = Counter(check.axis for check in checks if check.verdict is Verdict.PASSED)
    return ExerciseFeedback(
        exercise=exercise,
        cell=cell,
        axes={axis: (passed[axis], count) for axis, count in judged.items()},
        findings=[
            check for check in checks if check.verdict is not Verdict.PASSED or check.metrics
        ],
    )
