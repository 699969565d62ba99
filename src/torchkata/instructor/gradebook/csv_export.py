"""The gradebook as CSV: a row per learner and exercise, and wide tables for Canvas and Moodle."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torchkata.course.atomic_write import replace_file
from torchkata.course.exercise import Exercise
from torchkata.i18n import Message, _
from torchkata.instructor.gradebook.db import Gradebook
from torchkata.instructor.gradebook.redaction import summarize
from torchkata.instructor.intake.submissions import Problem
from torchkata.result import Localize

MISSING: Final = "missing"
"""The state of an exercise that was not submitted."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_NUMBER: Final = re.compile(r"[-+]?\d+(\.\d+)?")
_PLATFORM_NAME: Final = re.compile(r"(?P<who>.*)_(?P<id>\d+)")  # as platforms name downloads


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One learner's score in one exercise.

    Attributes:
        state: The state of the exercise, or `missing`.
        points: None if a person has to decide.
        weight: The most points that the exercise earns.
        message: One line without hidden values.
    """

    state: str
    points: float | None
    weight: float
    message: Message


Cells = Mapping[str, Mapping[str, Cell]]
"""By learner, then by exercise id."""


def build_cells(gradebook: Gradebook, exercises: Sequence[Exercise]) -> Cells:
    """Return every learner's cell for every exercise; a missing submission has 0 points."""
    cells: dict[str, dict[str, Cell]] = {
        learner: {exercise.id: _missing_cell(exercise, record.problems) for exercise in exercises}
        for learner, record in gradebook.learners().items()
    }
    for verdict in gradebook.verdicts():
        if verdict.exercise_id in cells.get(verdict.learner, {}):
            cells[verdict.learner][verdict.exercise_id] = Cell(
                state=verdict.state,
                points=verdict.points,
                weight=verdict.weight,
                message=summarize(verdict.state, verdict.result),
            )
    return cells


def _missing_cell(exercise: Exercise, problems: Iterable[Problem]) -> Cell:
    reasons = [problem.message for problem in problems if problem.exercise_id == exercise.id]
    return Cell(
        state=MISSING,
        points=0.0,
        weight=float(exercise.spec.weight),
        message=reasons[0] if reasons else _("Not submitted."),
    )


def write_long(file: Path, cells: Cells, *, localize: Localize) -> None:
    """Write a row per learner and exercise."""
    write_table(
        file,
        ["learner", "exercise", "state", "points", "message"],
        (
            [
                learner,
                exercise_id,
                cell.state,
                _format_points(cell.points),
                localize(exercise_id)(cell.message),
            ]
            for learner, row in cells.items()
            for exercise_id, cell in row.items()
        ),
        encoding="utf-8-sig",  # spreadsheets misread plain UTF-8
    )


def write_canvas(file: Path, cells: Cells, exercises: Sequence[Exercise]) -> None:
    """Write a row per learner with Canvas's columns, after its row of possible points."""
    ids = [exercise.id for exercise in exercises]
    possible = [_format_points(float(exercise.spec.weight)) for exercise in exercises]
    rows = [["    Points Possible", "", "", "", *possible]]
    for learner, row in cells.items():
        who, number = _split_platform_name(learner)
        rows.append([who, number, "" if number else learner, "", *_points_row(row, ids)])
    write_table(file, ["Student", "ID", "SIS Login ID", "Section", *ids], rows, trusted_rows=1)


def write_moodle(file: Path, cells: Cells, exercises: Sequence[Exercise]) -> None:
    """Write a row per learner for Moodle's grade import, with the total.

    A cell that a person has to decide is empty, and so is its total: neither is a 0.
    """
    ids = [exercise.id for exercise in exercises]
    rows = []
    for learner, row in cells.items():
        who, number = _split_platform_name(learner)
        points = [cell.points for cell in row.values()]
        total = None if None in points else sum(each or 0.0 for each in points)
        rows.append([number or learner, who, *_points_row(row, ids), _format_points(total)])
    write_table(file, ["Identifier", "Full name", *ids, "Total"], rows)


def _points_row(row: Mapping[str, Cell], exercise_ids: Iterable[str]) -> list[str]:
    return [_format_points(row[exercise_id].points) for exercise_id in exercise_ids]


def _split_platform_name(learner: str) -> tuple[str, str]:
    """Return a learner's name and number, if the name came from a platform's download."""
    match = _PLATFORM_NAME.fullmatch(learner)
    return (match["who"], match["id"]) if match else (learner, "")


def _format_points(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def escape_formula(text: str) -> str:
    """Return text as a cell that no spreadsheet evaluates as a formula."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if text.startswith(_FORMULA) or flat.startswith(_FORMULA):
        return flat if _NUMBER.fullmatch(flat) else "'" + flat
    return flat


def write_table(
    file: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    trusted_rows: int = 0,
    encoding: str = "utf-8",
) -> None:
    """Write a CSV file, whole or not at all.

    Args:
        file: The file.
        header: The names of the columns.
        rows: The cells of each row.
        trusted_rows: How many rows at the top are written without escaping formulas.
        encoding: Of the file.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(header)
    for number, row in enumerate(rows):
        writer.writerow(row if number < trusted_rows else [escape_formula(cell) for cell in row])
    replace_file(file, stream.getvalue().encode(encoding))
