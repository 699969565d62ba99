"""Grading a class: hand-ins in, gradebook out; what was graded before is not graded again."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Course, Exercise
from torchkata.errors import KataError, UsageError
from torchkata.instructor.gradebook.db import Book
from torchkata.instructor.gradebook.local_pool import graded
from torchkata.instructor.gradebook.task import Outcome, Task, grade_task, graders_digest, key_of
from torchkata.instructor.intake.submissions import HandIn, collect
from torchkata.result import ExerciseResult
from torchkata.sandbox.launcher import Launcher
from torchkata.worker.confinement.confine import available

FILE: Final = "gradebook.sqlite"
Grader = Callable[[Course, Iterable[Task]], Iterator[Outcome]]
"""Grades tasks wherever it likes, each exactly once."""


@dataclass(frozen=True, kw_only=True)
class ClassRun:
    """What a run over a class did.

    Attributes:
        learners: how many handed in.
        answers: how many files for exercises were taken.
        graded: how many were judged now.
        known: how many had a verdict already.
        states: of all verdicts, counted.
        problems: by learner, what could not be taken.
    """

    learners: int
    answers: int
    graded: int
    known: int
    states: Counter[str] = field(default_factory=Counter)
    problems: dict[str, list[str]] = field(default_factory=dict)


def require_confinement() -> None:
    """Refuse to run untrusted code where nothing holds it.

    Raises:
        KataError: this platform cannot confine.
    """
    found = available()
    if found.level != "full":
        missing = "; ".join(found.missing)
        raise KataError(
            f"Classes are graded only where submissions can be confined, and here is missing: "
            f"{missing}. Use Linux 5.13 or newer (WSL2, a virtual machine or a container with "
            "such a kernel will do), where Landlock and seccomp are on."
        )


def grade_class(
    course: Course,
    folder: Path,
    out: Path,
    *,
    exercises: tuple[Exercise, ...] = (),
    deadline: datetime | None = None,
    grader: Grader | None = None,
    on_outcome: Callable[[Outcome, int, int], None] = lambda _outcome, _done, _all: None,
) -> ClassRun:
    """Grade a folder of submissions into the gradebook of `out`.

    Args:
        course: whose graders judge.
        folder: the submissions.
        out: holds the gradebook; made when it is missing.
        lessons: the exercises that count; all when empty.
        deadline: of the hand-ins.
        grader: of tasks; one judge on this machine by default.
        on_outcome: told each outcome, with how many of how many there are by now.

    Raises:
        KataError: there is no confinement here, or the gradebook is another file.
    """
    require_confinement()
    handins = collect(course, folder, deadline)
    wanted = {exercise.id for exercise in exercises or course.exercises}
    book = Book(out / FILE)
    try:
        seed = book.seed(secrets.randbelow(1 << 32))
        book.enrol(handins)
        weights = {x.id: float(x.grader.spec.weight) for x in course.exercises if x.id in wanted}
        tasks = [task for task in _tasks(course, handins, seed) if task.exercise_id in wanted]
        known = book.judged()
        fresh = [task for task in tasks if known.get((task.learner, task.exercise_id)) != task.key]
        outcomes = _each_source_once(course, fresh, grader or _one_judge)
        for done, outcome in enumerate(outcomes, start=1):
            book.write(outcome, weights[outcome.task.exercise_id])
            on_outcome(outcome, done, len(fresh))
        return ClassRun(
            learners=len(handins),
            answers=len(tasks),
            graded=len(fresh),
            known=len(tasks) - len(fresh),
            states=Counter(row.state for row in book.rows()),
            problems={each.learner: each.problems for each in handins if each.problems},
        )
    finally:
        book.close()


def on_this_machine(jobs: int) -> Grader:
    """A grader that has so many judges side by side on this machine."""
    return lambda course, tasks: graded(course, tasks, jobs=jobs)


def replay(course: Course, out: Path, learner: str, exercise_id: str) -> ExerciseResult:
    """Judge an answer of the gradebook once more, on the inputs of its verdict.

    Raises:
        UsageError: the gradebook has no such verdict.
    """
    require_confinement()
    if not (out / FILE).is_file():
        raise UsageError(f"There is no {FILE} in {out}; name the folder of a gradebook by --out.")
    exercise = course.one(exercise_id)
    book = Book(out / FILE)
    try:
        task = book.task(learner, exercise.id)
        names = list(book.learners())
    finally:
        book.close()
    if task is None:
        who = "" if learner in names else f" Learners are: {', '.join(names[:20])}."
        raise UsageError(f"The gradebook has no answer of {learner} to {exercise.id}.{who}")
    with Launcher() as launcher:
        return grade_task(course, launcher, task).result


def _tasks(course: Course, handins: Iterable[HandIn], seed: int) -> Iterator[Task]:
    exercises = {exercise.id: exercise for exercise in course.exercises}
    digests = {exercise.id: graders_digest(exercise) for exercise in course.exercises}
    for handed in handins:
        for exercise_id, answer in handed.answers.items():
            if answer.source is not None:
                yield Task(
                    learner=handed.learner,
                    exercise_id=exercise_id,
                    source=answer.source,
                    file=exercises[exercise_id].stub.name,
                    seed=seed,
                    key=key_of(answer.source, digests[exercise_id]),
                )


def _each_source_once(course: Course, tasks: list[Task], grader: Grader) -> Iterator[Outcome]:
    """Equal files get one judgement between them, and so an equal verdict."""
    alike: dict[str, list[Task]] = {}
    for task in tasks:
        alike.setdefault(f"{task.exercise_id} {task.key}", []).append(task)
    for outcome in grader(course, [same[0] for same in alike.values()]):
        for task in alike[f"{outcome.task.exercise_id} {outcome.task.key}"]:
            yield replace(outcome, task=task)


def _one_judge(course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
    with Launcher() as launcher:
        for task in tasks:
            yield grade_task(course, launcher, task)
