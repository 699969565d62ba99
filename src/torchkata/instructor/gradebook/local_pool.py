"""Judges side by side on this machine: a process each, that grades one task after the other."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.instructor.gradebook.cpu_slots import seat
from torchkata.instructor.gradebook.task import Outcome, Task, grade_task
from torchkata.result import ExerciseResult, State
from torchkata.sandbox.launcher import Launcher, Rules

_MOST_DEATHS: Final = 2  # of judges over one task, before it is given up
_TASKS_A_JUDGE: Final = 250  # then a fresh process, so that no run can grow without end

_course: Course | None = None
_launcher: Launcher | None = None


def begin(root: str, turns: str, number: int, limit: float) -> None:
    """Set up this process as a judge: its own zygote, its own seat.

    Args:
        root: the course's folder.
        turns: a folder that all judges of this machine share.
        number: of the judge, from 0.
        limit: seconds that one request to a submission may take.
    """
    global _course, _launcher  # noqa: PLW0603 - the process is this judge's alone
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    place = seat(Path(turns), number)
    place.take()
    _course = Course(Path(root))
    _launcher = Launcher(Rules(limit=limit, turns=place.turns))


def _end_with_the_run() -> None:
    """End this judge when the run that it works for is killed: nobody will ask it again."""
    run = multiprocessing.parent_process()
    if run is not None:
        run.join()
        os._exit(1)


def grade_here(task: Task) -> Outcome:
    """Grade a task in a process that was set up as a judge."""
    assert _course is not None
    assert _launcher is not None
    return grade_task(_course, _launcher, task)


class _Judge:
    """A judge's process, started anew when it dies, so that a death tells which task it was."""

    def __init__(self, *words: *tuple[str, str, int, float]) -> None:
        self._words = words
        self._executor: ProcessPoolExecutor | None = None
        self._tasks = 0

    def start(self, task: Task) -> Future[Outcome]:
        """Begin to grade a task; only one at a time."""
        if self._tasks == _TASKS_A_JUDGE:
            self.close()
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(1, context, begin, self._words)
        self._tasks += 1
        return self._executor.submit(grade_here, task)

    def close(self) -> None:
        """End the process, without waiting for what it was doing."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor, self._tasks = None, 0


def graded(
    course: Course, tasks: Iterable[Task], *, jobs: int, limit: float = 20.0
) -> Iterator[Outcome]:
    """Grade tasks, and yield each outcome when it is there; every task comes out exactly once.

    Args:
        course: whose graders judge.
        tasks: in any order.
        jobs: how many judges work side by side.
        limit: seconds that one request to a submission may take.
    """
    waiting = deque(tasks)
    deaths: dict[tuple[str, str], int] = {}
    with tempfile.TemporaryDirectory(prefix="torchkata-turns-") as turns:
        idle = [_Judge(str(course.root), turns, number, limit) for number in range(jobs)]
        busy: dict[Future[Outcome], tuple[_Judge, Task]] = {}
        try:
            while waiting or busy:
                while waiting and idle:
                    judge, task = idle.pop(0), waiting.popleft()
                    busy[judge.start(task)] = judge, task
                done, _running = wait(busy, return_when=FIRST_COMPLETED)
                for future in done:
                    judge, task = busy.pop(future)
                    idle.append(judge)
                    try:
                        yield future.result()
                    except BrokenProcessPool:
                        judge.close()
                        at = (task.learner, task.exercise_id)
                        deaths[at] = deaths.get(at, 0) + 1
                        if deaths[at] < _MOST_DEATHS:
                            waiting.append(task)
                        else:
                            yield given_up(course, task)
        finally:
            for judge in (*idle, *(judge for judge, _task in busy.values())):
                judge.close()


def given_up(course: Course, task: Task) -> Outcome:
    """What is kept of a task whose judges died: an error that somebody has to look at."""
    exercise = course.one(task.exercise_id)
    result = ExerciseResult(
        id=exercise.id,
        name=exercise.name,
        chapter=exercise.chapter,
        state=State.ERROR,
        message="The judge itself ended over this answer, every time. Please look at it by hand.",
    )
    return Outcome(
        task=task, state=State.ERROR.value, points=None, result=result, tries=_MOST_DEATHS
    )
