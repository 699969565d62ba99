"""Results in the forms that harnesses read: Gradescope, otter, GitHub Classroom, nbgrader.

Written by these pages and sources, as read in November 2026:

- Gradescope, "Autograder Specifications", gradescope-autograders.readthedocs.io/en/latest/specs/
  (`score` and `max_score` of each test, `status`, `output`, `visibility`, `execution_time`,
  `stdout_visibility`; a top-level `score` is required where a test has none, and counts instead of
  the sum), and "Best Practices" there (a results.json in any case).
- otter-grader, otter-grader.readthedocs.io, "Grading on Gradescope", and
  `GradingResults.to_gradescope_dict` of ucbds-infra/otter-grader: the same form.
- GitHub Classroom, classroom-resources/autograding-grading-reporter: `version`, `status`,
  `max_score`, and `tests` with `name`, `status`, `score`, `message`, in base64.
- nbgrader, nbgrader.readthedocs.io, "Exporting grades", and `CsvExportPlugin` of jupyter/nbgrader.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from torchkata.i18n import _
from torchkata.instructor.autograders.exercise_scores import Item, undecided
from torchkata.instructor.gradebook.csv_export import MISSING
from torchkata.result import FAILING, State

OURS: Final = "torchkata"
"""The key of `extra_data` that says which program wrote the results."""

NBGRADER: Final = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score",
)  # fmt: skip
"""The columns of nbgrader's export, in its order."""


def results(
    items: Sequence[Item],
    notes: Sequence[str] = (),
    *,
    seconds: float | None = None,
    **extra: object,
) -> dict[str, Any]:
    """Results as Gradescope reads them and otter-grader writes them.

    An item that somebody has to look at has neither score nor status; the sum leaves its points
    out, and the text for the whole submission begins by saying so.

    Args:
        items: one for each exercise.
        notes: sentences for the whole submission.
        seconds: that grading took, where it is known.
        extra: more to keep under `extra_data`; learners may come to see it.
    """
    open_ = undecided(items)
    return {
        "score": sum(item.points or 0.0 for item in items),
        **({} if seconds is None else {"execution_time": math.ceil(seconds)}),
        "output": "\n".join([*_unfinished(items, open_), *notes, _standing(items)]),
        "stdout_visibility": "hidden",
        "tests": [_test(item) for item in items],
        "extra_data": {OURS: {"undecided": [item.exercise_id for item in open_], **extra}},
    }


def _unfinished(items: Sequence[Item], open_: Sequence[Item]) -> list[str]:
    if not open_:
        return []
    return [
        _(
            "THE SCORE IS NOT FINAL: {points:g} of {all:g} points are not decided, and the score "
            "leaves them out. Your instructor has to look at: {names}.",
            points=sum(item.weight for item in open_),
            all=sum(item.weight for item in items),
            names=", ".join(item.exercise_id for item in open_),
        )
    ]


def _standing(items: Sequence[Item]) -> str:
    passed = sum(item.state == State.PASSED for item in items)
    return _("{passed} of {count} exercises pass.", passed=passed, count=len(items))


def _test(item: Item) -> dict[str, Any]:
    test = {
        "name": item.exercise_id,
        "max_score": item.weight,
        "output": item.text,
        "visibility": "visible",
        "tags": [item.state],
    }
    if item.points is None:
        return {**test, "name": _("{name} (not decided)", name=item.exercise_id)}
    status = "passed" if item.state == State.PASSED else "failed"
    return {**test, "score": item.points, "status": status}


def not_graded(text: str) -> dict[str, Any]:
    """Results of a submission that was not graded: a text, and nothing that counts.

    Gradescope takes a grade from `score` or from `tests`; with neither there is none.
    """
    return {
        "output": text,
        "stdout_visibility": "hidden",
        "extra_data": {OURS: {"graded": False}},
    }


def classroom(items: Sequence[Item]) -> dict[str, Any]:
    """Results as the reporter of GitHub Classroom reads them.

    It adds up points and knows no open ones, so an item that somebody has to look at is an error
    with 0 points and a message that says so.
    """
    broken = any(item.state in FAILING for item in items)
    status = "fail" if broken else "error" if undecided(items) else "pass"
    return {
        "version": 1,
        "status": status,
        "max_score": sum(item.weight for item in items),
        "tests": [
            {
                "name": item.exercise_id,
                "status": _word(item),
                "score": item.points or 0.0,
                "message": item.text,
                "test_code": "",
                "filename": f"exercises/{item.exercise_id}.py",
                "line_no": 0,
                "duration": 0,
            }
            for item in items
        ],
    }


def _word(item: Item) -> str:
    if item.points is None:
        return "error"
    return "pass" if item.state == State.PASSED else "fail"


def markdown(items: Sequence[Item], notes: Sequence[str] = ()) -> str:
    """A table for the page of a run: GitHub's $GITHUB_STEP_SUMMARY."""
    shown = [item for item in items if item.state != MISSING]
    points = sum(item.points or 0.0 for item in items)
    rows = [
        f"| {item.exercise_id} | {item.state} | {_points(item)} | {_cell(item.text)} |"
        for item in shown
    ]
    possible = sum(item.weight for item in items)
    return "\n".join(
        [
            _("## {points:g} of {possible:g} points", points=points, possible=possible),
            "",
            *_unfinished(items, undecided(items)),
            *notes,
            "",
            _("| exercise | state | points | |"),
            "|---|---|---|---|",
            *rows,
            "",
            _("{count} more exercises were not handed in.", count=len(items) - len(shown)),
            "",
        ]
    )


def _cell(text: str) -> str:
    return text.partition("\n")[0].replace("|", "\\|")


def _points(item: Item) -> str:
    return _("open") if item.points is None else f"{item.points:g} / {item.weight:g}"


def nbgrader(
    learner: str, about: Mapping[str, Any], items: Sequence[Item], deadline: datetime | None = None
) -> list[list[str]]:
    """A learner's rows of nbgrader's export: an exercise is an assignment.

    `raw_score` and `score` are empty where somebody has to look; there is no penalty for being
    late, which is the instructor's own system's to give. Times are UTC, as nbgrader writes them.
    """
    handed_in = datetime.fromisoformat(about["handed_in"]) if about["handed_in"] else None
    rows = []
    for item in items:
        points = "" if item.points is None else f"{item.points:g}"
        values = {
            "assignment": item.exercise_id,
            "duedate": _time(deadline),
            "timestamp": _time(handed_in),
            "student_id": learner,
            "raw_score": points,
            "late_submission_penalty": "0",
            "score": points,
            "max_score": f"{item.weight:g}",
        }
        rows.append([str(values.get(column, "")) for column in NBGRADER])
    return rows


def _time(when: datetime | None) -> str:
    return "" if when is None else str(when.astimezone(UTC).replace(tzinfo=None))
