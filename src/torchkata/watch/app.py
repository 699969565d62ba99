"""Starting the loop: which exercises, which one first, and what is known of them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from torchkata.course.catalogue import Course, Exercise
from torchkata.errors import CourseError, UsageError
from torchkata.grading.run import random_seed
from torchkata.i18n import _
from torchkata.learner.progress import Progress
from torchkata.sandbox.launcher import Launcher
from torchkata.watch.loop import Loop
from torchkata.watch.state import Item, State
from torchkata.watch.terminal import Terminal


def watch(options: argparse.Namespace, launcher: Launcher, terminal: Terminal) -> int:
    """Watch until the learner quits.

    Returns:
        0, or 128 and the signal's number where one ended it.

    Raises:
        UsageError: a name fits nothing.
    """
    course = Course(options.course)
    exercises = course.select((), tuple(options.chapter))
    if not exercises:
        raise UsageError(_("There are no exercises to watch."))
    progress = Progress(course.root)
    state = first_state(course, exercises, progress, options.name)
    loop: Loop | None = None
    try:
        with terminal:
            loop = Loop(course, exercises, launcher, terminal, state, progress, poll=options.poll)
            code = loop.run()
    finally:  # the terminal is itself again before the processes are ended
        if loop is not None:
            loop.close()
    if code == 0:
        _goodbye(loop.state, progress)
    return code


def first_state(
    course: Course, exercises: tuple[Exercise, ...], progress: Progress, name: str | None
) -> State:
    """What is known at the start, at the exercise named or the first unfinished one.

    Raises:
        UsageError: the name fits none of the lessons.
    """
    entries = progress.entries()
    states = progress.states(course)
    ids = [exercise.id for exercise in exercises]
    if name is not None:
        wanted = course.one(name).id
        if wanted not in ids:
            raise UsageError(_("{name} is not in the chapter that you chose.", name=wanted))
        at = ids.index(wanted)
    else:
        at = next((n for n, id_ in enumerate(ids) if states[id_] != "passed"), 0)
    return State(
        items=tuple(_item(exercise) for exercise in exercises),
        states={id_: states[id_] for id_ in ids},
        at=at,
        seed=random_seed(),
        hints={id_: entry.hint_level for id_, entry in entries.items()},
        seen=frozenset(id_ for id_, entry in entries.items() if entry.solution_seen),
    )


def _item(exercise: Exercise) -> Item:
    try:
        entries = exercise.grader.spec.names
    except CourseError:
        entries = ()  # the verdict says what is wrong with the grader
    path = exercise.stub_path.absolute()
    here = Path.cwd()
    file = os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
    return Item(
        id=exercise.id, name=exercise.name, chapter=exercise.chapter, file=file, entries=entries
    )


def _goodbye(state: State, progress: Progress) -> None:
    done = sum(known == "passed" for known in state.states.values())
    print(_("{done} of {all} passed. See you!", done=done, all=len(state.items)))  # noqa: T201
    for note in progress.notes:
        print(note)  # noqa: T201
