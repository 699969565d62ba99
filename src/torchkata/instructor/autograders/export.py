"""Export a gradebook for other programs: a results file per learner, and nbgrader's table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from torchkata.course.exercise import Exercise
from torchkata.instructor.autograders.exercise_scores import class_scores
from torchkata.instructor.autograders.formats import (
    NBGRADER_COLUMNS,
    gradescope_results,
    nbgrader_rows,
)
from torchkata.instructor.feedback.owned_folder import OwnedFolder, file_name
from torchkata.instructor.gradebook.csv_export import write_table
from torchkata.instructor.gradebook.db import Gradebook
from torchkata.result import Localize

FOLDER: Final = "results"


def write_exports(
    gradebook: Gradebook,
    exercises: Sequence[Exercise],
    out: Path,
    deadline: datetime | None = None,
    *,
    localize: Localize,
) -> None:
    """Write `results/NAME.json` for every learner, and `nbgrader.csv`.

    Files have the same names as feedback files. Those that an earlier run wrote for learners who
    are gone are deleted.

    Args:
        gradebook: The gradebook.
        exercises: The exercises that count.
        out: Folder of the gradebook.
        deadline: Of the submissions, for nbgrader's `duedate`.
        localize: Language of the texts.

    Raises:
        UsageError: A file cannot be written.
        KataError: There is a file in place of the folder.
    """
    folder, records, rows = OwnedFolder(out / FOLDER), gradebook.learners(), []
    for learner, scores in class_scores(gradebook, exercises):
        record = records[learner]
        notes = [problem.message for problem in record.problems]
        results = gradescope_results(scores, notes, localize=localize, learner=learner)
        text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
        folder.write(f"{file_name(learner)}.json", text + "\n")
        rows += nbgrader_rows(learner, record, scores, deadline)
    folder.finish()
    write_table(out / "nbgrader.csv", NBGRADER_COLUMNS, rows)
