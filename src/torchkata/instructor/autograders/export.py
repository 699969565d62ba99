"""A gradebook in other programs' forms: a results file per learner, and nbgrader's table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Exercise
from torchkata.instructor.autograders.exercise_scores import of_class
from torchkata.instructor.autograders.formats import NBGRADER, nbgrader, results
from torchkata.instructor.feedback.filenames import file_name
from torchkata.instructor.feedback.owned_folder import Folder
from torchkata.instructor.gradebook.csv_export import write_table
from torchkata.instructor.gradebook.db import Book

FOLDER: Final = "results"


def write_exports(
    book: Book, exercises: Sequence[Exercise], out: Path, deadline: datetime | None = None
) -> None:
    """Write `results/NAME.json` for every learner, and `nbgrader.csv`.

    Files are named as those of the feedback. What an earlier run wrote for learners who are gone is
    removed.

    Args:
        book: the gradebook.
        lessons: the exercises that count.
        out: the folder of the gradebook.
        deadline: of the hand-ins, for nbgrader's `duedate`.

    Raises:
        UsageError: a file cannot be written.
        KataError: there is a file where the folder has to be.
    """
    folder, about, rows = Folder(out / FOLDER), book.learners(), []
    for learner, items in of_class(book, exercises):
        notes = [str(problem) for problem in about[learner]["problems"]]
        found = results(items, notes, learner=learner)
        text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
        folder.write(f"{file_name(learner)}.json", text + "\n")
        rows += nbgrader(learner, about[learner], items, deadline)
    folder.finish()
    write_table(out / "nbgrader.csv", NBGRADER, rows)
