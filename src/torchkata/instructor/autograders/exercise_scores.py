"""What a harness may say of each exercise of a hand-in: state, points, and a text to show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from torchkata.course.catalogue import Exercise
from torchkata.i18n import _
from torchkata.instructor.gradebook.csv_export import MISSING, Cell, cells
from torchkata.instructor.gradebook.db import Book
from torchkata.instructor.gradebook.redaction import finding, summary
from torchkata.result import ExerciseResult, State, Verdict


@dataclass(frozen=True, kw_only=True)
class Item:
    """One exercise, for a harness.

    Attributes:
        exercise: the id.
        state: of the verdict, or `missing`.
        points: None where somebody has to look.
        weight: the most that can be had.
        text: lines for the learner, without hidden values.
    """

    exercise_id: str
    state: str
    points: float | None
    weight: float
    text: str


def judged(
    exercise_id: str,
    state: str,
    points: float | None,
    weight: float,
    result: Mapping[str, Any],
    notes: Sequence[str] = (),
) -> Item:
    """Put a verdict into words.

    Args:
        exercise: the id.
        state: of the verdict.
        points: what it earns; None where somebody has to look.
        weight: the most that can be had.
        result: the exercise's part of the report.
        notes: more sentences on it, such as which of two files was judged.
    """
    found = [finding(check) for check in result["checks"] if check["verdict"] == Verdict.FAILED]
    lines = [summary(state, result), *notes]
    if state == State.FAILED:
        lines += dict.fromkeys(_line(one) for one in found)
    if points is None:
        lines.append(_("Not counted yet: your instructor has to look at this one."))
    return Item(
        exercise_id=exercise_id, state=state, points=points, weight=weight, text="\n".join(lines)
    )


def _line(found: Mapping[str, Any]) -> str:
    """A check by its name without the exercise's, what is wrong, and what was counted or timed."""
    name = str(found["check"]).partition("::")[2]
    return " ".join([f"- {name}:", str(found["message"]), *_costs(found["figures"])])


def _costs(figures: Mapping[str, float]) -> Iterator[str]:
    for name, value in figures.items():
        if (allowed := figures.get(f"{name}_allowed")) is not None:
            cost = name.replace("_", " ")
            yield _(
                "{cost}: {value:,.6g}, allowed are {allowed:,.6g}.",
                cost=cost,
                value=value,
                allowed=allowed,
            )
    if "ratio" in figures and "threshold" in figures:
        yield _(
            "It is {ratio:.2g} x as fast; asked for are {threshold:g} x.",
            ratio=figures["ratio"],
            threshold=figures["threshold"],
        )


def missing(exercise: Exercise, why: str = "") -> Item:
    """An exercise that was not handed in, or whose file was refused."""
    return Item(
        exercise_id=exercise.id,
        state=MISSING,
        points=0.0,
        weight=float(exercise.grader.spec.weight),
        text=why or _("Not handed in."),
    )


def of_class(book: Book, exercises: Sequence[Exercise]) -> Iterator[tuple[str, list[Item]]]:
    """Every learner of a gradebook, with an item per exercise."""
    for learner, row in cells(book, exercises).items():
        results = {each.exercise_id: each.result for each in book.rows(learner)}
        yield learner, [_of(name, cell, results.get(name)) for name, cell in row.items()]


def _of(exercise_id: str, cell: Cell, result: Mapping[str, Any] | None) -> Item:
    if result is None or cell.state == MISSING:
        return Item(
            exercise_id=exercise_id, state=cell.state, points=cell.points, weight=cell.weight,
            text=cell.message,
        )  # fmt: skip
    return judged(exercise_id, cell.state, cell.points, cell.weight, result)


def discreet(result: ExerciseResult) -> ExerciseResult:
    """A result whose texts may be shown: for forms that take it whole, such as JUnit."""
    checks = []
    for check in result.checks:
        found = finding(asdict(check))
        message, figures = str(found["message"]), dict(found["figures"])
        checks.append(replace(check, message=message, figures=figures, why="", line=0))
    return replace(
        result,
        message=summary(result.state, asdict(result)),
        checks=tuple(checks),
        output="",
        ladder=(),
        growth=(),
        comparison=None,
    )


def undecided(items: Iterable[Item]) -> list[Item]:
    """Those that somebody has to look at."""
    return [item for item in items if item.points is None]
