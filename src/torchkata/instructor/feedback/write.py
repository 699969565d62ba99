"""Everything that comes out of a gradebook besides its tables, written anew from the verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Exercise
from torchkata.i18n import _
from torchkata.instructor.feedback.class_page import class_page
from torchkata.instructor.feedback.class_stats import Survey
from torchkata.instructor.feedback.filenames import file_name
from torchkata.instructor.feedback.learner_data import feedback, told
from torchkata.instructor.feedback.learner_page import learner_page
from torchkata.instructor.feedback.owned_folder import Folder
from torchkata.instructor.feedback.similarity import Compared, compare
from torchkata.instructor.gradebook.csv_export import Cells, write_table
from torchkata.instructor.gradebook.db import Book, Row
from torchkata.report.json_report import replace_file
from torchkata.result import State

FOLDER: Final = "feedback"
PAGE: Final = "class.html"
PAIRS: Final = "similar.csv"


def write_feedback(book: Book, found: Cells, exercises: Sequence[Exercise], out: Path) -> None:
    """Write `feedback/` with a page and its data for each learner, `class.html`, `similar.csv`.

    Each file is replaced whole. What an earlier run wrote for learners who are gone is removed.

    Args:
        book: the verdicts.
        found: the gradebook's cells, from `tables.cells`.
        lessons: the exercises that count.
        out: the folder of the gradebook.

    Raises:
        UsageError: a file cannot be written.
        KataError: there is a file where the folder has to be.
    """
    folder = Folder(out / FOLDER)
    survey = Survey(exercises=exercises)
    sources: dict[str, dict[str, bytes]] = {exercise.id: {} for exercise in exercises}
    facts = [("torchkata", version("torchkata"))]
    for learner, about in book.learners().items():
        rows = {row.exercise_id: row for row in book.rows(learner)}
        exercises = [
            told(exercise, found[learner][exercise.id], rows.get(exercise.id))
            for exercise in exercises
        ]
        data = feedback(learner, about, exercises)
        name = file_name(learner)
        text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
        folder.write(f"{name}.json", text + "\n")
        folder.write(f"{name}.html", learner_page(data, facts))
        survey.add(learner, about, exercises, rows)
        _keep_sources(sources, rows)
    folder.finish()
    alike = {exercise.id: _alike(exercise, sources[exercise.id]) for exercise in exercises}
    _write_pairs(out / PAIRS, alike)
    if not survey.totals:
        return
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    page = class_page(survey, alike, [*facts, (_("Written"), now)])
    replace_file(out / PAGE, page.encode("utf-8", "backslashreplace"))


def _keep_sources(sources: Mapping[str, dict[str, bytes]], rows: Mapping[str, Row]) -> None:
    for exercise_id, row in rows.items():
        if exercise_id in sources and row.state != State.TODO:
            sources[exercise_id][row.learner] = row.source


def _alike(exercise: Exercise, sources: Mapping[str, bytes]) -> Compared:
    known = (exercise.stub_path, exercise.solution_path, exercise.grader_path)
    return compare(sources, [file.read_bytes() for file in known])


def _write_pairs(file: Path, alike: Mapping[str, Compared]) -> None:
    """Write a row per pair; an answer to whether anybody copied it is not."""
    write_table(
        file,
        ["exercise", "learner", "other", "share", "passages"],
        (
            [exercise_id, pair.one, pair.other, f"{pair.share:.2f}", str(pair.shared)]
            for exercise_id, found in alike.items()
            for pair in found.pairs
        ),
        encoding="utf-8-sig",
    )
