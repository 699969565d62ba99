"""Grade a class: submissions in, gradebook out; nothing is graded twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.errors import KataError, UsageError
from torchkata.grading.seeds import derived_seed, random_seed
from torchkata.i18n import Message, _, join, semicolon_list
from torchkata.instructor.gradebook.db import Gradebook
from torchkata.instructor.gradebook.local_pool import grade_in_pool
from torchkata.instructor.gradebook.task import Outcome, Task, cache_key, digest_grader, grade_task
from torchkata.instructor.intake.submissions import LearnerSubmission, collect
from torchkata.result import ExerciseResult
from torchkata.sandbox.launcher import Launcher
from torchkata.worker.confinement.confine import available_confinement

GRADEBOOK_FILE: Final = "gradebook.sqlite"
_MOST_LISTED: Final = 20  # learners in a message

GradeTasks = Callable[[Course, Iterable[Task]], Iterator[Outcome]]
"""Grades tasks in any process or machine, and yields one outcome for each."""


@dataclass(frozen=True, kw_only=True)
class ClassRun:
    """Statistics of a run over a class.

    Attributes:
        learners: How many learners submitted something.
        files: How many files for exercises were accepted.
        graded: How many of these were graded in this run.
        cached: How many had a verdict from an earlier run.
        states: How many verdicts there are of each state.
        problems: Which files were rejected and why, by learner.
    """

    learners: int
    files: int
    graded: int
    cached: int
    states: Counter[str] = field(default_factory=Counter)
    problems: dict[str, list[Message]] = field(default_factory=dict)


def require_confinement() -> None:
    """Check that this platform can confine untrusted code.

    Raises:
        KataError: It cannot.
    """
    confinement = available_confinement()
    if confinement.level != "full":
        raise KataError(
            _(
                "Classes are graded only where submissions can be confined. Missing here: "
                "{missing}. Use Linux 5.13 or newer (also in WSL2, a virtual machine or a "
                "container) with Landlock and seccomp enabled.",
                missing=semicolon_list(confinement.missing),
            )
        )


def grade_class(
    course: Course,
    folder: Path,
    out: Path,
    *,
    exercises: tuple[Exercise, ...] = (),
    deadline: datetime | None = None,
    grade_tasks: GradeTasks | None = None,
    on_outcome: Callable[[Outcome, int, int], None] = lambda _outcome, _done, _total: None,
) -> ClassRun:
    """Grade a folder of submissions into the gradebook in `out`.

    Args:
        course: The course whose graders judge.
        folder: The submissions.
        out: Folder of the gradebook; created if it is missing.
        exercises: The exercises to grade (default: all).
        deadline: Of the submissions.
        grade_tasks: Grades the tasks (default: one judge in this process).
        on_outcome: Called with each outcome, the number of outcomes so far and their total.

    Raises:
        KataError: This platform cannot confine, or the gradebook's file is not a gradebook.
    """
    require_confinement()
    submissions = collect(course, folder, deadline)
    selected = exercises or course.exercises
    weights = {exercise.id: float(exercise.spec.weight) for exercise in selected}
    with closing(Gradebook(out / GRADEBOOK_FILE)) as gradebook:
        gradebook.sync_learners(submissions)
        tasks = list(_tasks(selected, submissions, gradebook.secret(random_seed())))
        cached = gradebook.verdict_keys()
        to_grade = [t for t in tasks if cached.get((t.learner, t.exercise_id)) != t.key]
        outcomes = _grade_unique(course, to_grade, grade_tasks or _grade_in_process)
        for done, outcome in enumerate(outcomes, start=1):
            gradebook.store(outcome, weights[outcome.task.exercise_id])
            on_outcome(outcome, done, len(to_grade))
        return ClassRun(
            learners=len(submissions),
            files=len(tasks),
            graded=len(to_grade),
            cached=len(tasks) - len(to_grade),
            states=Counter(verdict.state for verdict in gradebook.verdicts()),
            problems={
                each.learner: [problem.message for problem in each.problems]
                for each in submissions
                if each.problems
            },
        )


def grade_locally(jobs: int) -> GradeTasks:
    """Return a function that grades tasks with so many judges side by side on this machine."""
    return lambda course, tasks: grade_in_pool(course, tasks, jobs=jobs)


def replay(course: Course, out: Path, learner: str, exercise_name: str) -> ExerciseResult:
    """Grade a submission of the gradebook again, on the inputs of its verdict.

    Args:
        course: The course whose graders judge.
        out: Folder of the gradebook.
        learner: By the gradebook's name.
        exercise_name: Any name that selects one exercise.

    Raises:
        UsageError: The gradebook has no such verdict.
    """
    require_confinement()
    if not (out / GRADEBOOK_FILE).is_file():
        raise UsageError(
            _(
                "There is no {file} in {folder}. Name the folder of a gradebook with --out.",
                file=GRADEBOOK_FILE,
                folder=out,
            )
        )
    exercise = course.one(exercise_name)
    with closing(Gradebook(out / GRADEBOOK_FILE)) as gradebook:
        task = gradebook.task(learner, exercise.id)
        learners = list(gradebook.learners())
    if task is None:
        message = _(
            "The gradebook has no submission of {learner} to {exercise}.",
            learner=learner,
            exercise=exercise.id,
        )
        if learner not in learners:
            names = ", ".join(learners[:_MOST_LISTED])
            message = join(message, _("Its learners are: {names}.", names=names))
        raise UsageError(message)
    with Launcher() as launcher:
        return grade_task(course, launcher, task).result


def _tasks(
    exercises: Iterable[Exercise], submissions: Iterable[LearnerSubmission], secret: int
) -> Iterator[Task]:
    selected = {exercise.id: exercise for exercise in exercises}
    digests = {exercise_id: digest_grader(exercise) for exercise_id, exercise in selected.items()}
    for submission in submissions:
        for exercise_id, file in submission.files.items():
            if file.source is not None and exercise_id in selected:
                key = cache_key(file.source, digests[exercise_id])
                yield Task(
                    learner=submission.learner,
                    exercise_id=exercise_id,
                    source=file.source,
                    file=selected[exercise_id].stub_path.name,
                    seed=derived_seed(secret, submission.learner, exercise_id, key),
                    key=key,
                )


def _grade_unique(course: Course, tasks: list[Task], grade_tasks: GradeTasks) -> Iterator[Outcome]:
    """Grade equal files once and give each of their learners the same verdict."""
    by_key: dict[str, list[Task]] = {}
    for task in tasks:
        by_key.setdefault(f"{task.exercise_id} {task.key}", []).append(task)
    for outcome in grade_tasks(course, [equal[0] for equal in by_key.values()]):
        for task in by_key[f"{outcome.task.exercise_id} {outcome.task.key}"]:
            yield replace(outcome, task=task)


def _grade_in_process(course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
    with Launcher() as launcher:
        for task in tasks:
            yield grade_task(course, launcher, task)
