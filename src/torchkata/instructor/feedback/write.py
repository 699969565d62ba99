"""Everything that comes out of a gradebook besides its tables, written anew from the verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Lesson
from torchkata.i18n.messages import say
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


def write_feedback(book: Book, found: Cells, lessons: Sequence[Lesson], out: Path) -> None:
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
    survey = Survey(lessons=lessons)
    sources: dict[str, dict[str, bytes]] = {lesson.id: {} for lesson in lessons}
    facts = [("torchkata", version("torchkata"))]
    for learner, about in book.learners().items():
        rows = {row.exercise: row for row in book.rows(learner)}
        exercises = [
            told(lesson, found[learner][lesson.id], rows.get(lesson.id)) for lesson in lessons
        ]
        data = feedback(learner, about, exercises)
        name = file_name(learner)
        text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
        folder.write(f"{name}.json", text + "\n")
        folder.write(f"{name}.html", learner_page(data, facts))
        survey.add(learner, about, exercises, rows)
        _keep_sources(sources, rows)
    folder.finish()
    alike = {lesson.id: _alike(lesson, sources[lesson.id]) for lesson in lessons}
    _write_pairs(out / PAIRS, alike)
    if not survey.totals:
        return
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    page = class_page(survey, alike, [*facts, (say("Written"), now)])
    replace_file(out / PAGE, page.encode("utf-8", "backslashreplace"))


def _keep_sources(sources: Mapping[str, dict[str, bytes]], rows: Mapping[str, Row]) -> None:
    for exercise, row in rows.items():
        if exercise in sources and row.state != State.TODO:
            sources[exercise][row.learner] = row.source


def _alike(lesson: Lesson, sources: Mapping[str, bytes]) -> Compared:
    known = (lesson.stub, lesson.solution, lesson.grader)
    return compare(sources, [file.read_bytes() for file in known])


def _write_pairs(file: Path, alike: Mapping[str, Compared]) -> None:
    """Write a row per pair; an answer to whether anybody copied it is not."""
    write_table(
        file,
        ["exercise", "learner", "other", "share", "passages"],
        (
            [exercise, pair.one, pair.other, f"{pair.share:.2f}", str(pair.shared)]
            for exercise, found in alike.items()
            for pair in found.pairs
        ),
        encoding="utf-8-sig",
    )
