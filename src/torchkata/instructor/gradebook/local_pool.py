"""Judges side by side on this machine: a process each, which grades one task after the other."""

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
from torchkata.grading.grade import result_for
from torchkata.i18n import _
from torchkata.instructor.gradebook.cpu_slots import cpu_slot
from torchkata.instructor.gradebook.task import Outcome, Task, grade_task
from torchkata.result import State
from torchkata.sandbox.launcher import DEFAULT_LIMIT, Launcher, WorkerConfig

_MOST_CRASHES: Final = 2  # of judges over one task before it counts as failed
_TASKS_PER_JUDGE: Final = 250  # then the process is replaced, so that no leak grows without bound

_course: Course | None = None
_launcher: Launcher | None = None


def init_worker(root: str, lock_folder: str, number: int, limit: float) -> None:
    """Set up this process as a judge with its own zygote and CPU slot.

    Args:
        root: The course's folder.
        lock_folder: A folder that all judges of this machine share.
        number: The number of the judge, from 0.
        limit: Seconds that one request to a submission may take.
    """
    global _course, _launcher  # noqa: PLW0603 - this process belongs to one judge
    end_with_parent()
    slot = cpu_slot(Path(lock_folder), number)
    slot.pin()
    _course = Course(Path(root))
    _launcher = Launcher(WorkerConfig(limit=limit, timing_lock=slot.timing_lock))


def end_with_parent() -> None:
    """Let this process end when its parent is killed."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def grade_in_worker(task: Task) -> Outcome:
    """Grade a task in a process that `init_worker` has set up."""
    assert _course is not None
    assert _launcher is not None
    return grade_task(_course, _launcher, task)


class _JudgeProcess:
    """One judge's process, replaced after a crash, so that a crash identifies its task."""

    def __init__(self, *arguments: *tuple[str, str, int, float]) -> None:
        self._arguments = arguments
        self._executor: ProcessPoolExecutor | None = None
        self._tasks = 0

    def start(self, task: Task) -> Future[Outcome]:
        """Start grading a task; only one at a time."""
        if self._tasks == _TASKS_PER_JUDGE:
            self.close()
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(1, context, init_worker, self._arguments)
        self._tasks += 1
        return self._executor.submit(grade_in_worker, task)

    def close(self) -> None:
        """End the process without waiting for its task."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor, self._tasks = None, 0


def grade_in_pool(
    course: Course, tasks: Iterable[Task], *, jobs: int, limit: float = DEFAULT_LIMIT
) -> Iterator[Outcome]:
    """Grade tasks and yield each outcome as soon as it is known; every task yields one.

    Args:
        course: The course whose graders judge.
        tasks: In any order.
        jobs: How many judges grade side by side.
        limit: Seconds that one request to a submission may take.
    """
    waiting = deque(tasks)
    crashes: dict[tuple[str, str], int] = {}
    with tempfile.TemporaryDirectory(prefix="torchkata-locks-") as locks:
        idle = [_JudgeProcess(str(course.root), locks, number, limit) for number in range(jobs)]
        busy: dict[Future[Outcome], tuple[_JudgeProcess, Task]] = {}
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
                        key = (task.learner, task.exercise_id)
                        crashes[key] = crashes.get(key, 0) + 1
                        if crashes[key] < _MOST_CRASHES:
                            waiting.append(task)
                        else:
                            yield failed_outcome(course, task)
        finally:
            for judge in (*idle, *(judge for judge, _task in busy.values())):
                judge.close()


def failed_outcome(course: Course, task: Task) -> Outcome:
    """Return the outcome of a task whose judges crashed: an error that a person has to review."""
    message = _("The judge crashed on this submission every time. Please review it by hand.")
    result = result_for(course.one(task.exercise_id), State.ERROR, message)
    return Outcome(
        task=task, state=State.ERROR.value, points=None, result=result, tries=_MOST_CRASHES
    )
