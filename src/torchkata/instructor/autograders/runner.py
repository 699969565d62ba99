"""One hand-in, graded where a harness has put it."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Course, Exercise
from torchkata.i18n import _
from torchkata.instructor.autograders.exercise_scores import Item, judged, missing
from torchkata.instructor.gradebook.grade_class import require_confinement
from torchkata.instructor.gradebook.task import Outcome, Task, grade_task, key_of
from torchkata.instructor.intake.submissions import HandIn, collect_one
from torchkata.result import ExerciseResult, State
from torchkata.sandbox.launcher import Launcher

_MOST_NAMED: Final = 5  # files that do not count, in a note


@dataclass(frozen=True, kw_only=True)
class Graded:
    """A hand-in, graded.

    Attributes:
        items: one for each exercise.
        results: of the exercises that were handed in, with all that was found.
        notes: sentences on the hand-in as a whole.
        seconds: that it took.
    """

    items: tuple[Item, ...]
    results: tuple[ExerciseResult, ...]
    notes: tuple[str, ...]
    seconds: float


def grade_hand_in(
    course: Course,
    exercises: Sequence[Exercise],
    folder: Path,
    *,
    seed: int,
    unconfined: bool = False,
    on_item: Callable[[Item], None] = lambda _item: None,
) -> Graded:
    """Grade what lies in a folder, in whatever layout.

    Args:
        course: whose graders judge.
        lessons: the exercises that count.
        folder: the hand-in.
        seed: of the hidden inputs.
        unconfined: go on where nothing holds a submission back.
        on_item: told each exercise as soon as it is judged.

    Raises:
        KataError: there is no confinement here, and it was not waived.
        UsageError: there is no such folder.
    """
    start = time.monotonic()
    if not unconfined:
        require_confinement()
    handed = collect_one(course, folder)
    items, results = [], []
    with Launcher() as launcher:
        for exercise in exercises:
            answer = handed.answers.get(exercise.id)
            if answer is None or answer.source is None:
                item = missing(exercise, _refused(handed, exercise))
            else:
                outcome = _graded(course, launcher, exercise, answer.source, seed)
                item = _item(handed, exercise, outcome)
                results.append(outcome.result)
            items.append(item)
            on_item(item)
    return Graded(
        items=tuple(items),
        results=tuple(results),
        notes=tuple(_("Not taken: {problem}", problem=each) for each in handed.problems),
        seconds=time.monotonic() - start,
    )


def _graded(
    course: Course, launcher: Launcher, exercise: Exercise, source: bytes, seed: int
) -> Outcome:
    """Grade one answer; should the judge itself break over it, somebody has to look."""
    task = Task(
        learner="", exercise_id=exercise.id, source=source, file=exercise.stub_path.name, seed=seed,
        key=key_of(source, ""),
    )  # fmt: skip
    try:
        return grade_task(course, launcher, task)
    except Exception:  # noqa: BLE001 - the other exercises go on
        traceback.print_exc(file=sys.stderr)
        broken = ExerciseResult(
            id=exercise.id, name=exercise.name, chapter=exercise.chapter, state=State.ERROR
        )
        return Outcome(task=task, state=State.ERROR.value, points=None, result=broken)


def _item(handed: HandIn, exercise: Exercise, outcome: Outcome) -> Item:
    notes = []
    if others := handed.others.get(exercise.id):
        named = ", ".join(others[:_MOST_NAMED])
        notes.append(
            _(
                "There are several files for it. Judged was {path}, not: {others}.",
                path=handed.answers[exercise.id].path,
                others=named,
            )
        )
    weight = float(exercise.grader.spec.weight)
    result = asdict(outcome.result)
    return judged(exercise.id, outcome.state, outcome.points, weight, result, notes)


def _refused(handed: HandIn, exercise: Exercise) -> str:
    answer = handed.answers.get(exercise.id)
    if answer is None:
        return ""
    return _("{path} was not taken: {why}", path=answer.path, why=answer.refused)
