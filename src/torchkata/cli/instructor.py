"""The commands for instructors: `solutions`, `gradebook` and `kit`."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from torchkata.cli.main import ExitCode
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.translations import Translations
from torchkata.errors import UsageError
from torchkata.i18n import Message, _
from torchkata.i18n.lists import comma_list
from torchkata.instructor.autograders.export import write_exports
from torchkata.instructor.feedback.write import write_feedback
from torchkata.instructor.gradebook.csv_export import (
    build_cells,
    write_canvas,
    write_long,
    write_moodle,
)
from torchkata.instructor.gradebook.dask_cluster import connect, grade_on
from torchkata.instructor.gradebook.db import Gradebook
from torchkata.instructor.gradebook.grade_class import (
    GRADEBOOK_FILE,
    ClassRun,
    GradeTasks,
    grade_class,
    grade_locally,
    replay,
)
from torchkata.instructor.gradebook.task import Outcome
from torchkata.instructor.kit.build import Kit, build_kit
from torchkata.instructor.kit.writer import require_empty, write_kit
from torchkata.instructor.solutions_branch import make_branch
from torchkata.report.terminal import TerminalReport
from torchkata.sandbox.launcher import Launcher

_MAX_NAMED_FILES: Final = 5


def solutions(options: argparse.Namespace, translations: Translations) -> int:
    """Create or update the branch of solutions."""
    print(translations("")(make_branch(Course(options.course), options.base)))
    return ExitCode.OK


def gradebook(options: argparse.Namespace, translations: Translations) -> int:
    """Grade a class, or repeat one of its gradings."""
    if options.jobs < 1:
        raise UsageError(
            _("--jobs: expected a whole number of at least 1, got {n}.", n=options.jobs)
        )
    course = Course(options.course)
    if options.replay:
        learner, exercise_id = options.replay
        result = replay(course, options.out, learner, exercise_id)
        TerminalReport(translations, verbose=True).finished(result)
        return ExitCode.OK
    if options.submissions is None:
        raise UsageError(_("Name the folder of submissions: gradebook SUBMISSIONS --out DIR"))
    deadline = _parse_deadline(options.deadline) or course.settings.deadline
    exercises = course.select((), tuple(options.chapter)) if options.chapter else ()
    with _task_grader(options) as grade_tasks:
        run = grade_class(
            course,
            options.submissions,
            options.out,
            exercises=exercises,
            deadline=deadline,
            grade_tasks=grade_tasks,
            on_outcome=_print_outcome,
        )
    _write_outputs(exercises or course.exercises, options.out, deadline, translations)
    for message in _summary(run):
        print(translations("")(message))
    counts = ", ".join(f"{count} {state}" for state, count in sorted(run.states.items()))
    print(f"{counts}\n{options.out / GRADEBOOK_FILE}\n{options.out / 'class.html'}")
    return ExitCode.OK


def kit(options: argparse.Namespace, translations: Translations) -> int:
    """Write the kit for learners."""
    course = Course(options.course)
    exercises = course.select((), tuple(options.chapter))
    if not exercises:
        raise UsageError(_("This course has no exercises yet."))
    require_empty(options.out)
    with Launcher() as launcher:
        built = build_kit(course, exercises, launcher, open_only=options.open_only)
    write_kit(built.files, options.out)
    for message in _describe_kit(built, options.out, open_only=options.open_only):
        print(translations("")(message))
    return ExitCode.OK


@contextlib.contextmanager
def _task_grader(options: argparse.Namespace) -> Iterator[GradeTasks]:
    """Grade on this machine or on a Dask cluster, which stays connected inside the context."""
    if options.scheduler is None:
        yield grade_locally(options.jobs)
        return
    with connect(options.scheduler, options.jobs) as client:
        yield lambda course, tasks: grade_on(client, course, tasks)


def _write_outputs(
    exercises: tuple[Exercise, ...],
    out: Path,
    deadline: datetime | None,
    translations: Translations,
) -> None:
    """Write everything that is made from the gradebook."""
    with closing(Gradebook(out / GRADEBOOK_FILE)) as book:
        cells = build_cells(book, exercises)
        write_long(out / "gradebook.csv", cells, localize=translations)
        write_canvas(out / "canvas.csv", cells, exercises)
        write_moodle(out / "moodle.csv", cells, exercises)
        write_feedback(book, cells, exercises, out, localize=translations)
        write_exports(book, exercises, out, deadline, localize=translations)


def _parse_deadline(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        deadline = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            _(
                "--deadline: {text!r} is not a valid ISO 8601 time (example: "
                "2026-05-01T23:59+02:00).",
                text=text,
            )
        ) from error
    return deadline if deadline.tzinfo else deadline.astimezone(UTC)


def _print_outcome(outcome: Outcome, done: int, total: int) -> None:
    task = outcome.task
    line = f"{done}/{total}  {outcome.state:<13} {task.learner}  {task.exercise_id}"
    print(line, flush=True)


def _summary(run: ClassRun) -> Iterator[Message]:
    for learner, problems in run.problems.items():
        for problem in problems:
            yield _("{learner}: rejected: {problem}", learner=learner, problem=problem)
    yield _(
        "{learners} learners, {files} files: {graded} graded now, {cached} graded earlier.",
        learners=run.learners,
        files=run.files,
        graded=run.graded,
        cached=run.cached,
    )


def _describe_kit(kit: Kit, out: Path, *, open_only: bool) -> Iterator[Message]:
    yield _(
        "{out} contains the kit: {count} exercises, {examples} of them with open examples.",
        out=out,
        count=kit.exercises,
        examples=kit.examples,
    )
    if open_only:
        yield _(
            "It contains neither graders nor references; learners can only check the public "
            "examples."
        )
    else:
        yield _(
            "Graders and references are sealed, which protects learners from seeing them by "
            "accident but does not stop anyone. Only your own run of `nox -s gradebook` counts."
        )
    if not kit.uncommitted:
        return
    named = comma_list(kit.uncommitted[:_MAX_NAMED_FILES])
    more = len(kit.uncommitted) - _MAX_NAMED_FILES
    if more > 0:
        yield _("Uncommitted changes are in the kit: {files}, and {more} more files.",
                files=named, more=more)  # fmt: skip
    else:
        yield _("Uncommitted changes are in the kit: {files}.", files=named)
