"""Entry point of watch mode: chooses the exercises and the first one, and runs the loop."""

from __future__ import annotations

from pathlib import Path

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.errors import CourseError, UsageError
from torchkata.grading.seeds import random_seed
from torchkata.i18n import _
from torchkata.learner.hints import LEVELS
from torchkata.learner.progress import Progress
from torchkata.result import Localize, State
from torchkata.sandbox.launcher import Launcher
from torchkata.watch.effects import relative_to_here
from torchkata.watch.loop import Loop
from torchkata.watch.state import ListedExercise, WatchState
from torchkata.watch.terminal import Terminal


def run_watch_mode(
    course: Course,
    exercises: tuple[Exercise, ...],
    launcher: Launcher,
    terminal: Terminal,
    localize: Localize,
    *,
    name: str | None = None,
    poll: bool = False,
) -> int:
    """Run watch mode until the learner quits; return the exit code.

    Args:
        course: the course.
        exercises: the exercises to show.
        launcher: starts workers.
        terminal: entered and left here.
        localize: the language to show.
        name: the first exercise (default: the first unfinished one).
        poll: whether to poll the file often instead of waiting for file events.

    Returns:
        0, or 128 plus the number of the signal that ended it.

    Raises:
        UsageError: there is no such exercise.
    """
    if not exercises:
        raise UsageError(_("There are no exercises to watch."))
    progress = Progress(course.root)
    state = first_state(course, exercises, progress, name)
    loop: Loop | None = None
    try:
        with terminal:
            loop = Loop(course, exercises, launcher, terminal, state, progress, localize, poll=poll)
            exit_code = loop.run()
    finally:  # the terminal is restored before the processes are ended
        if loop is not None:
            loop.close()
    if exit_code == 0:
        _print_summary(loop.state, progress, localize)
    return exit_code


def first_state(
    course: Course, exercises: tuple[Exercise, ...], progress: Progress, name: str | None
) -> WatchState:
    """Return the state at the start, at the named exercise or the first unfinished one.

    Raises:
        UsageError: the name is not one of the exercises.
    """
    known = progress.exercises()
    states = progress.states(course)
    ids = [exercise.id for exercise in exercises]
    if name is not None:
        wanted = course.one(name).id
        if wanted not in ids:
            raise UsageError(
                _("{exercise} is not in the chapter that you selected.", exercise=wanted)
            )
        index = ids.index(wanted)
    else:
        unfinished = (n for n, id_ in enumerate(ids) if states[id_] != State.PASSED)
        index = next(unfinished, 0)
    return WatchState(
        exercises=tuple(_listed(exercise) for exercise in exercises),
        states={id_: states[id_] for id_ in ids},
        index=index,
        secret=random_seed(),
        hint_levels={id_: each.hint_level for id_, each in known.items()},
        solutions_seen=frozenset(id_ for id_, each in known.items() if each.solution_seen),
    )


def _listed(exercise: Exercise) -> ListedExercise:
    try:
        entry_points = exercise.spec.names
    except CourseError:
        entry_points = ()  # grading reports what is wrong with the grader
    return ListedExercise(
        id=exercise.id,
        name=exercise.name,
        chapter=exercise.chapter,
        file=relative_to_here(Path(exercise.stub_path).absolute()),
        entry_points=entry_points,
        hint_count=LEVELS,
    )


def _print_summary(state: WatchState, progress: Progress, localize: Localize) -> None:
    passed, total = state.passed_count, len(state.exercises)
    farewell = _("{passed} of {total} passed. See you!", passed=passed, total=total)
    for message in (farewell, *progress.notes):
        print(localize("")(message))  # noqa: T201
