"""Write everything that people read about a gradebook: feedback, class report, similar files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from torchkata.course.atomic_write import replace_file
from torchkata.course.exercise import Exercise
from torchkata.i18n import _
from torchkata.instructor.feedback.class_page import class_page
from torchkata.instructor.feedback.class_stats import ClassStats
from torchkata.instructor.feedback.learner_data import LearnerFeedback, exercise_feedback
from torchkata.instructor.feedback.learner_page import learner_page
from torchkata.instructor.feedback.owned_folder import OwnedFolder, file_name
from torchkata.instructor.feedback.similarity import SimilarFiles, find_similar
from torchkata.instructor.gradebook.csv_export import Cells, write_table
from torchkata.instructor.gradebook.db import Gradebook, StoredVerdict
from torchkata.result import Localize, State

FOLDER: Final = "feedback"
CLASS_PAGE: Final = "class.html"
PAIRS_FILE: Final = "similar.csv"


def write_feedback(
    gradebook: Gradebook,
    cells: Cells,
    exercises: Sequence[Exercise],
    out: Path,
    *,
    localize: Localize,
) -> None:
    """Write `feedback/` with a page and a data file per learner, `class.html` and `similar.csv`.

    Each file is written atomically. Files of learners who are gone are deleted.

    Args:
        gradebook: The gradebook.
        cells: From `csv_export.build_cells`.
        exercises: The exercises that count.
        out: Folder of the gradebook.
        localize: Language of the texts.

    Raises:
        UsageError: A file cannot be written.
        KataError: There is a file in place of the folder.
    """
    folder = OwnedFolder(out / FOLDER)
    stats = ClassStats(exercises=exercises)
    sources: dict[str, dict[str, bytes]] = {exercise.id: {} for exercise in exercises}
    facts = [("torchkata", version("torchkata"))]
    for learner, record in gradebook.learners().items():
        verdicts = {verdict.exercise_id: verdict for verdict in gradebook.verdicts(learner)}
        feedback = LearnerFeedback(
            learner=learner,
            record=record,
            exercises=[
                exercise_feedback(exercise, cells[learner][exercise.id], verdicts.get(exercise.id))
                for exercise in exercises
            ],
        )
        data = feedback.as_json(localize)
        name = file_name(learner)
        text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
        folder.write(f"{name}.json", text + "\n")
        folder.write(f"{name}.html", learner_page(feedback, facts, localize))
        stats.add(feedback, verdicts)
        _collect_sources(sources, verdicts)
    folder.finish()
    similar = {exercise.id: _similar(exercise, sources[exercise.id]) for exercise in exercises}
    _write_pairs(out / PAIRS_FILE, similar)
    if not stats.totals:
        return
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    written = (localize("")(_("Written")), now)
    page = class_page(stats, similar, [*facts, written], localize)
    replace_file(out / CLASS_PAGE, page.encode("utf-8", "backslashreplace"))


def _collect_sources(
    sources: Mapping[str, dict[str, bytes]], verdicts: Mapping[str, StoredVerdict]
) -> None:
    """Add a learner's files, except untouched stubs."""
    for exercise_id, verdict in verdicts.items():
        if exercise_id in sources and verdict.state != State.TODO:
            sources[exercise_id][verdict.learner] = verdict.source


def _similar(exercise: Exercise, sources: Mapping[str, bytes]) -> SimilarFiles:
    known = (exercise.stub_path, exercise.solution_path, exercise.grader_path)
    return find_similar(sources, [file.read_bytes() for file in known])


def _write_pairs(file: Path, similar: Mapping[str, SimilarFiles]) -> None:
    """Write a row per pair of similar files; whether anybody copied is not decided here."""
    write_table(
        file,
        ["exercise", "learner", "other", "share", "passages"],
        (
            [exercise_id, pair.one, pair.other, f"{pair.share:.2f}", str(pair.shared)]
            for exercise_id, files in similar.items()
            for pair in files.pairs
        ),
        encoding="utf-8-sig",
    )
