"""The score of each exercise in the form that autograders share: state, points and a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torchkata.course.exercise import Exercise
from torchkata.i18n import Message, _, join, verbatim
from torchkata.instructor.gradebook.csv_export import MISSING, Cell, build_cells
from torchkata.instructor.gradebook.db import Gradebook
from torchkata.instructor.gradebook.redaction import RedactedCheck, redact_check, summarize
from torchkata.result import Localize, State, Verdict


@dataclass(frozen=True, kw_only=True)
class ExerciseScore:
    """The score of one exercise.

    Attributes:
        exercise_id: `CHAPTER/NN_name`.
        state: The state of the exercise, or `missing`.
        points: None if a person has to decide.
        weight: The most points that the exercise earns.
        lines: Lines for the learner, without hidden values.
    """

    exercise_id: str
    state: str
    points: float | None
    weight: float
    lines: tuple[Message, ...]

    def text(self, localize: Localize) -> str:
        """Return the lines for the learner in a language."""
        translate = localize(self.exercise_id)
        return "\n".join(translate(line) for line in self.lines)


def score_exercise(
    exercise_id: str,
    state: str,
    points: float | None,
    weight: float,
    result: Mapping[str, Any],
    notes: Sequence[Message] = (),
) -> ExerciseScore:
    """Return the score of a graded exercise.

    Args:
        exercise_id: `CHAPTER/NN_name`.
        state: The state of the exercise.
        points: What it earns; None if a person has to decide.
        weight: The most points that it earns.
        result: As the gradebook stores it; see `stored_result`.
        notes: More sentences, such as which of two files was graded.
    """
    lines = [summarize(state, result), *notes]
    if state == State.FAILED:
        failed = (check for check in result["checks"] if check["verdict"] == Verdict.FAILED)
        by_text = {str(line): line for line in map(_check_line, map(redact_check, failed))}
        lines += by_text.values()
    if points is None:
        lines.append(_("Not counted yet: your instructor has to review this exercise."))
    return ExerciseScore(
        exercise_id=exercise_id, state=state, points=points, weight=weight, lines=tuple(lines)
    )


def _check_line(check: RedactedCheck) -> Message:
    """Return a check's name without the exercise's, the finding, and the costs."""
    name = check.id.partition("::")[2]
    return join(verbatim(f"- {name}:"), check.message, *_costs(check.metrics))


def _costs(metrics: Mapping[str, float]) -> Iterator[Message]:
    for name, value in metrics.items():
        if (allowed := metrics.get(f"{name}_allowed")) is not None:
            yield _(
                "{cost}: {value:,.6g}, limit {allowed:,.6g}.",
                cost=name.replace("_", " "),
                value=value,
                allowed=allowed,
            )
    if "ratio" in metrics and "threshold" in metrics:
        yield _(
            "Speedup: {ratio:.2g}x, required {threshold:g}x.",
            ratio=metrics["ratio"],
            threshold=metrics["threshold"],
        )


def missing_score(exercise: Exercise, reason: Message | None = None) -> ExerciseScore:
    """Return the score of an exercise that was not submitted, or whose file was rejected.

    Args:
        exercise: The exercise.
        reason: Why its file was rejected.
    """
    return ExerciseScore(
        exercise_id=exercise.id,
        state=MISSING,
        points=0.0,
        weight=float(exercise.spec.weight),
        lines=(reason or _("Not submitted."),),
    )


def class_scores(
    gradebook: Gradebook, exercises: Sequence[Exercise]
) -> Iterator[tuple[str, list[ExerciseScore]]]:
    """Yield every learner of a gradebook with a score per exercise."""
    for learner, row in build_cells(gradebook, exercises).items():
        results = {each.exercise_id: each.result for each in gradebook.verdicts(learner)}
        yield (
            learner,
            [
                _cell_score(exercise_id, cell, results.get(exercise_id))
                for exercise_id, cell in row.items()
            ],
        )


def _cell_score(exercise_id: str, cell: Cell, result: Mapping[str, Any] | None) -> ExerciseScore:
    if result is not None and cell.state != MISSING:
        return score_exercise(exercise_id, cell.state, cell.points, cell.weight, result)
    return ExerciseScore(
        exercise_id=exercise_id,
        state=cell.state,
        points=cell.points,
        weight=cell.weight,
        lines=(cell.message,),
    )


def undecided(scores: Iterable[ExerciseScore]) -> list[ExerciseScore]:
    """Return the scores that a person has to decide."""
    return [score for score in scores if score.points is None]
