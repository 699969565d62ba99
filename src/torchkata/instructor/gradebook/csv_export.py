"""The gradebook as tables: a row per learner and exercise, and wide ones for Canvas and Moodle."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Exercise
from torchkata.i18n import _
from torchkata.instructor.gradebook.db import Book
from torchkata.instructor.gradebook.redaction import summary

MISSING: Final = "missing"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_NUMBER: Final = re.compile(r"[-+]?\d+(\.\d+)?")
_IDENTITY: Final = re.compile(r"(?P<who>.*)_(?P<id>\d+)")  # as platforms name their downloads


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one learner has of one exercise.

    Attributes:
        state: of the verdict, or `missing`.
        points: None where somebody has to look.
        weight: the most that can be had.
        message: one line, without hidden values.
    """

    state: str
    points: float | None
    weight: float
    message: str


Cells = Mapping[str, Mapping[str, Cell]]
"""By learner, then by exercise."""


def cells(book: Book, exercises: Sequence[Exercise]) -> Cells:
    """Every learner's cell of every exercise; what was not handed in is missing, with 0 points."""
    found: dict[str, dict[str, Cell]] = {}
    for learner, about in book.learners().items():
        problems: list[str] = about["problems"]
        found[learner] = {exercise.id: _missing(exercise, problems) for exercise in exercises}
    for row in book.rows():
        if row.exercise_id in found.get(row.learner, {}):
            found[row.learner][row.exercise_id] = Cell(
                state=row.state,
                points=row.points,
                weight=row.weight,
                message=summary(row.state, row.result),
            )
    return found


def _missing(exercise: Exercise, problems: Iterable[str]) -> Cell:
    why = [problem for problem in problems if exercise.stem in problem]
    return Cell(
        state=MISSING,
        points=0.0,
        weight=float(exercise.grader.spec.weight),
        message=why[0] if why else _("Not handed in."),
    )


def write_long(file: Path, found: Cells) -> None:
    """Write a row per learner and exercise."""
    write_table(
        file,
        ["learner", "exercise", "state", "points", "message"],
        (
            [learner, exercise_id, cell.state, _points(cell.points), cell.message]
            for learner, row in found.items()
            for exercise_id, cell in row.items()
        ),
        encoding="utf-8-sig",  # spreadsheets take plain UTF-8 for something else
    )


def write_canvas(file: Path, found: Cells, exercises: Sequence[Exercise]) -> None:
    """Write a row per learner with Canvas's columns, its row of possible points included."""
    heads = [exercise.id for exercise in exercises]
    possible = [_points(float(exercise.grader.spec.weight)) for exercise in exercises]
    rows = [["    Points Possible", "", "", "", *possible]]
    for learner, row in found.items():
        who, number = _identity(learner)
        rows.append([who, number, "" if number else learner, "", *_row(row, heads)])
    write_table(file, ["Student", "ID", "SIS Login ID", "Section", *heads], rows, kept=1)


def write_moodle(file: Path, found: Cells, exercises: Sequence[Exercise]) -> None:
    """Write a row per learner as Moodle's import of grades reads it, with the sum.

    Where somebody has to look first there are no points and no sum: neither is a 0.
    """
    heads = [exercise.id for exercise in exercises]
    rows = []
    for learner, row in found.items():
        who, number = _identity(learner)
        points = [cell.points for cell in row.values()]
        total = None if None in points else sum(each or 0.0 for each in points)
        rows.append([number or learner, who, *_row(row, heads), _points(total)])
    write_table(file, ["Identifier", "Full name", *heads, "Total"], rows)


def _row(row: Mapping[str, Cell], exercises: Iterable[str]) -> list[str]:
    return [_points(row[exercise_id].points) for exercise_id in exercises]


def _identity(learner: str) -> tuple[str, str]:
    found = _IDENTITY.fullmatch(learner)
    return (found["who"], found["id"]) if found else (learner, "")


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def neutral(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if text.startswith(_FORMULA) or flat.startswith(_FORMULA):
        return flat if _NUMBER.fullmatch(flat) else "'" + flat
    return flat


def write_table(
    file: Path,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    kept: int = 0,
    encoding: str = "utf-8",
) -> None:
    """Write a table, whole or not at all; the first `kept` rows are ours and stay as they are."""
    fresh = file.with_name(file.name + ".new")
    with fresh.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(heads)
        for number, row in enumerate(rows):
            writer.writerow(row if number < kept else [neutral(cell) for cell in row])
    fresh.replace(file)
