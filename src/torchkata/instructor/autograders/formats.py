"""The results formats of Gradescope, otter-grader, GitHub Classroom and nbgrader.

Sources, as of November 2026:

- Gradescope: "Autograder Specifications", gradescope-autograders.readthedocs.io/en/latest/specs/
  (`score` and `max_score` of each test, `status`, `output`, `visibility`, `execution_time`,
  `stdout_visibility`; a top-level `score` is required if a test has none, and counts instead of
  the sum), and "Best Practices" (always write results.json).
- otter-grader: otter-grader.readthedocs.io, "Grading on Gradescope", and
  `GradingResults.to_gradescope_dict` in ucbds-infra/otter-grader: the same format.
- GitHub Classroom: classroom-resources/autograding-grading-reporter: `version`, `status`,
  `max_score`, and `tests` with `name`, `status`, `score`, `message`, in base64.
- nbgrader: nbgrader.readthedocs.io, "Exporting grades", and `CsvExportPlugin` in jupyter/nbgrader.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from torchkata.i18n import Message, _
from torchkata.instructor.autograders.exercise_scores import ExerciseScore, undecided
from torchkata.instructor.gradebook.csv_export import MISSING
from torchkata.instructor.gradebook.db import LearnerRecord
from torchkata.result import FAILING, Localize, State

EXTRA_DATA_KEY: Final = "torchkata"
"""The key of `extra_data` that names the program that wrote the results."""

NBGRADER_COLUMNS: Final = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score",
)  # fmt: skip
"""The columns of nbgrader's export, in its order."""


def gradescope_results(
    scores: Sequence[ExerciseScore],
    notes: Sequence[Message] = (),
    *,
    localize: Localize,
    seconds: float | None = None,
    **extra: object,
) -> dict[str, Any]:
    """Return results in the format that Gradescope reads and otter-grader writes.

    An exercise that a person has to decide has neither score nor status. The sum leaves its points
    out, and the text on the whole submission begins with a warning.

    Args:
        scores: One for each exercise.
        notes: Sentences on the whole submission.
        localize: Language of the texts.
        seconds: The time that grading took, if it is known.
        extra: More entries of `extra_data`; learners may see them.
    """
    translate, open_scores = localize(""), undecided(scores)
    lines = [*_not_final(scores), *notes, _tally(scores)]
    return {
        "score": sum(score.points or 0.0 for score in scores),
        **({} if seconds is None else {"execution_time": math.ceil(seconds)}),
        "output": "\n".join(translate(line) for line in lines),
        "stdout_visibility": "hidden",
        "tests": [_gradescope_test(score, localize) for score in scores],
        "extra_data": {
            EXTRA_DATA_KEY: {"undecided": [score.exercise_id for score in open_scores], **extra}
        },
    }


def _not_final(scores: Sequence[ExerciseScore]) -> list[Message]:
    """Return a warning if a person has to decide something."""
    open_scores = undecided(scores)
    if not open_scores:
        return []
    return [
        _(
            "THE SCORE IS NOT FINAL: {points:g} of {all:g} points are undecided, and the score "
            "does not include them. Your instructor has to review: {names}.",
            points=sum(score.weight for score in open_scores),
            all=sum(score.weight for score in scores),
            names=", ".join(score.exercise_id for score in open_scores),
        )
    ]


def _tally(scores: Sequence[ExerciseScore]) -> Message:
    passed = sum(score.state == State.PASSED for score in scores)
    return _("{passed} of {count} exercises passed.", passed=passed, count=len(scores))


def _gradescope_test(score: ExerciseScore, localize: Localize) -> dict[str, Any]:
    test = {
        "name": score.exercise_id,
        "max_score": score.weight,
        "output": score.text(localize),
        "visibility": "visible",
        "tags": [score.state],
    }
    if score.points is None:
        name = localize("")(_("{name} (undecided)", name=score.exercise_id))
        return {**test, "name": name}
    status = "passed" if score.state == State.PASSED else "failed"
    return {**test, "score": score.points, "status": status}


def not_graded(text: str) -> dict[str, Any]:
    """Return results for a submission that was not graded: a text and nothing that counts.

    Gradescope takes a grade from `score` or from `tests`; without either there is none.
    """
    return {
        "output": text,
        "stdout_visibility": "hidden",
        "extra_data": {EXTRA_DATA_KEY: {"graded": False}},
    }


def github_classroom(scores: Sequence[ExerciseScore], *, localize: Localize) -> dict[str, Any]:
    """Return results in the format that GitHub Classroom's reporter reads.

    The reporter adds up points and has no undecided ones. An exercise that a person has to decide
    is therefore an error with 0 points and a message that says so.

    Args:
        scores: One for each exercise.
        localize: Language of the texts.
    """
    failing = any(score.state in FAILING for score in scores)
    status = "fail" if failing else "error" if undecided(scores) else "pass"
    return {
        "version": 1,
        "status": status,
        "max_score": sum(score.weight for score in scores),
        "tests": [
            {
                "name": score.exercise_id,
                "status": _classroom_status(score),
                "score": score.points or 0.0,
                "message": score.text(localize),
                "test_code": "",
                "filename": f"exercises/{score.exercise_id}.py",
                "line_no": 0,
                "duration": 0,
            }
            for score in scores
        ],
    }


def _classroom_status(score: ExerciseScore) -> str:
    if score.points is None:
        return "error"
    return "pass" if score.state == State.PASSED else "fail"


def markdown(
    scores: Sequence[ExerciseScore], notes: Sequence[Message] = (), *, localize: Localize
) -> str:
    """Return a table for the page of a run: GitHub's $GITHUB_STEP_SUMMARY.

    Args:
        scores: One for each exercise.
        notes: Sentences on the whole submission.
        localize: Language of the texts.
    """
    translate = localize("")
    submitted = [score for score in scores if score.state != MISSING]
    points = sum(score.points or 0.0 for score in scores)
    possible = sum(score.weight for score in scores)
    rows = [
        f"| {score.exercise_id} | {score.state} | {translate(_points(score))} "
        f"| {_markdown_cell(score.text(localize))} |"
        for score in submitted
    ]
    missing = len(scores) - len(submitted)
    return "\n".join(
        [
            translate(_("## {points:g} of {possible:g} points", points=points, possible=possible)),
            "",
            *(translate(line) for line in (*_not_final(scores), *notes)),
            "",
            translate(_("| exercise | state | points | |")),
            "|---|---|---|---|",
            *rows,
            "",
            translate(
                _("1 exercise was not submitted.")
                if missing == 1
                else _("{count} exercises were not submitted.", count=missing)
            ),
            "",
        ]
    )


def _markdown_cell(text: str) -> str:
    return text.partition("\n")[0].replace("|", "\\|")


def _points(score: ExerciseScore) -> Message:
    if score.points is None:
        return _("undecided")
    return _("{points:g} / {weight:g}", points=score.points, weight=score.weight)


def nbgrader_rows(
    learner: str,
    record: LearnerRecord,
    scores: Sequence[ExerciseScore],
    deadline: datetime | None = None,
) -> list[list[str]]:
    """Return a learner's rows of nbgrader's export; each exercise is an assignment.

    `raw_score` and `score` are empty if a person has to decide. There is no penalty for lateness,
    which is up to the instructor's own system. Times are UTC, as in nbgrader.

    Args:
        learner: The learner's name in the gradebook.
        record: When the learner submitted.
        scores: One for each exercise.
        deadline: Of the submissions.
    """
    rows = []
    for score in scores:
        points = "" if score.points is None else f"{score.points:g}"
        values = {
            "assignment": score.exercise_id,
            "duedate": _time(deadline),
            "timestamp": _time(record.handed_in),
            "student_id": learner,
            "raw_score": points,
            "late_submission_penalty": "0",
            "score": points,
            "max_score": f"{score.weight:g}",
        }
        rows.append([str(values.get(column, "")) for column in NBGRADER_COLUMNS])
    return rows


def _time(when: datetime | None) -> str:
    return "" if when is None else str(when.astimezone(UTC).replace(tzinfo=None))
