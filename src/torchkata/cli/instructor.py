"""The instructors' verbs: their options, and what they print."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from torchkata.errors import UsageError
from torchkata.i18n import _

if TYPE_CHECKING:
    from torchkata.course.catalogue import Course, Exercise
    from torchkata.instructor.gradebook.grade_class import ClassRun, Grader
    from torchkata.instructor.gradebook.task import Outcome

Run = Callable[[argparse.Namespace], int]
Verb = Callable[[str, Run, str], argparse.ArgumentParser]


def add_verbs(verb: Verb) -> None:
    """Add the instructors' verbs to the command line."""
    solutions = verb("solutions", _solutions, "Make or update the branch `solutions`.")
    solutions.add_argument("--base", default="main", metavar="BRANCH")

    gradebook = verb("gradebook", _gradebook, "Grade a class into a gradebook.")
    gradebook.add_argument(
        "submissions", type=Path, nargs="?", metavar="SUBMISSIONS", help="one entry per learner"
    )
    gradebook.add_argument("--out", type=Path, required=True, metavar="DIR")
    gradebook.add_argument("--jobs", type=int, default=1, metavar="N", help="judges side by side")
    gradebook.add_argument("--deadline", metavar="T", help="such as 2026-05-01T23:59+02:00")
    gradebook.add_argument("--chapter", action="append", default=[], metavar="C")
    gradebook.add_argument(
        "--scheduler", metavar="ADDRESS", help="of Dask, such as tcp://host:8786; `local` for here"
    )
    gradebook.add_argument(
        "--replay",
        nargs=2,
        metavar=("LEARNER", "EXERCISE"),
        help="repeat a verdict on its own hidden inputs",
    )


def _solutions(options: argparse.Namespace) -> int:
    from torchkata.course.catalogue import Course  # noqa: PLC0415 - verbs load what they need
    from torchkata.instructor.solutions_branch import make_branch  # noqa: PLC0415

    print(make_branch(Course(options.course), options.base))  # noqa: T201
    return 0


def _gradebook(options: argparse.Namespace) -> int:
    from torchkata.course.catalogue import Course  # noqa: PLC0415 - imports torch
    from torchkata.instructor.gradebook.grade_class import grade_class  # noqa: PLC0415

    if options.jobs < 1:
        raise UsageError(_("--jobs takes a whole number from 1."))
    course = Course(options.course)
    if options.replay:
        return _replay(options)
    if options.submissions is None:
        raise UsageError(_("Name the folder of submissions: gradebook SUBMISSIONS --out DIR"))
    exercises = course.select((), tuple(options.chapter)) if options.chapter else ()
    with _grader(options) as grader:
        run = grade_class(
            course,
            options.submissions,
            options.out,
            exercises=exercises,
            deadline=_when(options.deadline),
            grader=grader,
            on_outcome=_progress,
        )
    _outputs(course, exercises, options.out, _when(options.deadline))
    _summary(run, options.out)
    return 0


@contextlib.contextmanager
def _grader(options: argparse.Namespace) -> Iterator[Grader]:
    """Whoever grades the tasks: judges on this machine, or the nodes of a cluster."""
    if options.scheduler is None:
        from torchkata.instructor.gradebook.grade_class import on_this_machine  # noqa: PLC0415

        yield on_this_machine(options.jobs)
        return
    from torchkata.instructor.gradebook.dask_cluster import connected, graded_on  # noqa: PLC0415

    with connected(options.scheduler, options.jobs) as client:
        yield lambda course, tasks: graded_on(client, course, tasks)


def _outputs(
    course: Course, exercises: tuple[Exercise, ...], out: Path, deadline: datetime | None
) -> None:
    from torchkata.instructor.autograders.export import write_exports  # noqa: PLC0415
    from torchkata.instructor.feedback import write_feedback  # noqa: PLC0415
    from torchkata.instructor.gradebook import csv_export  # noqa: PLC0415
    from torchkata.instructor.gradebook.db import Book  # noqa: PLC0415
    from torchkata.instructor.gradebook.grade_class import FILE  # noqa: PLC0415

    exercises = exercises or course.exercises
    book = Book(out / FILE)
    try:
        found = csv_export.cells(book, exercises)
        csv_export.write_long(out / "gradebook.csv", found)
        csv_export.write_canvas(out / "canvas.csv", found, exercises)
        csv_export.write_moodle(out / "moodle.csv", found, exercises)
        write_feedback(book, found, exercises, out)
        write_exports(book, exercises, out, deadline)
    finally:
        book.close()


def _replay(options: argparse.Namespace) -> int:
    from torchkata.course.catalogue import Course  # noqa: PLC0415
    from torchkata.instructor.gradebook.grade_class import replay  # noqa: PLC0415
    from torchkata.report.terminal import TerminalReport  # noqa: PLC0415

    learner, exercise_id = options.replay
    result = replay(Course(options.course), options.out, learner, exercise_id)
    TerminalReport(verbose=True).finished(result)
    return 0


def _when(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            _("--deadline {text} is no time; write it as 2026-05-01T23:59+02:00.", text=text)
        ) from error
    return found if found.tzinfo else found.astimezone(UTC)


def _progress(outcome: Outcome, done: int, total: int) -> None:
    task = outcome.task
    print(f"{done}/{total}  {outcome.state:<13} {task.learner}  {task.exercise_id}", flush=True)  # noqa: T201


def _summary(run: ClassRun, out: Path) -> None:
    for learner, problems in run.problems.items():
        for problem in problems:
            print(_("{learner}: not taken: {problem}", learner=learner, problem=problem))  # noqa: T201
    counts = ", ".join(f"{count} {state}" for state, count in sorted(run.states.items()))
    print(  # noqa: T201
        _(
            "{learners} learners, {answers} answers: {graded} graded now, {known} known before.",
            learners=run.learners,
            answers=run.answers,
            graded=run.graded,
            known=run.known,
        )
    )
    print(f"{counts}\n{out}/gradebook.sqlite\n{out}/class.html")  # noqa: T201
