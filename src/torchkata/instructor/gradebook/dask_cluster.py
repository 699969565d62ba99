"""Grading on more than one machine: the same judging as on one, handed out by Dask distributed.

Nodes are trusted, and so is the network between them; submissions are confined on every node as
they are here. A node that is lost loses nothing: its tasks are graded elsewhere. An answer over
which nodes end again and again is given up, and somebody has to look at it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from torchkata.course.catalogue import Course
from torchkata.course.spec.budgets import Growth, Speedup
from torchkata.errors import KataError, UsageError
from torchkata.i18n import _
from torchkata.instructor.course_bundle import course_files, digest_of, pack, unpack
from torchkata.instructor.gradebook.cpu_slots import free_seat
from torchkata.instructor.gradebook.local_pool import given_up
from torchkata.instructor.gradebook.task import Outcome, Task, grade_task
from torchkata.sandbox.launcher import Launcher, Rules
from torchkata.worker.confinement.confine import available

TIMING: Final = "timing"
"""The resource of a node that says how many races it can time undisturbed."""

LOCAL: Final = "local"
_AHEAD: Final = 8  # tasks in flight for each thread of the cluster
_SECONDS: Final = 30  # to reach the scheduler


class _Judge:
    """A course unpacked on this node, and what starts workers for it."""

    def __init__(self, data: bytes) -> None:
        found = available()
        if found.level != "full":
            raise KataError(f"This node cannot confine submissions: {'; '.join(found.missing)}.")
        self._folder = tempfile.TemporaryDirectory(prefix="torchkata-course-")
        root = Path(self._folder.name)
        unpack(data, root)
        self.course = Course(root)
        self.seat = free_seat(Path(tempfile.gettempdir()) / f"torchkata-seats-{os.getuid()}")
        self.seat.take()
        self.launcher = Launcher(Rules(turns=self.seat.turns))

    def close(self) -> None:
        """End the workers and clear the folder."""
        self.launcher.close()
        self._folder.cleanup()


_judging = threading.Lock()  # a process judges one answer at a time
_judges: dict[str, _Judge] = {}


@contextlib.contextmanager
def connected(address: str, jobs: int) -> Iterator[Any]:
    """A client of a scheduler, or of a cluster on this machine for `local`.

    Raises:
        KataError: Dask is not installed, or the scheduler is not there.
        UsageError: no node of it can time.
    """
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise KataError(
            _("Dask is not installed here: pip install 'torchkata[cluster]'.")
        ) from error
    if address == LOCAL:
        with (
            LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=jobs, threads_per_worker=1, dashboard_address=None,
                resources={TIMING: 1}, silence_logs=50,
            ) as cluster,
            Client(cluster) as client,  # type: ignore[no-untyped-call]
        ):  # fmt: skip
            yield client
        return
    try:
        client = Client(address, timeout=_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise KataError(
            _("No scheduler answers at {address} ({error}).", address=address, error=error)
        ) from error
    with client:
        nodes = client.scheduler_info(n_workers=-1)["workers"].values()
        if not any(node["resources"].get(TIMING) for node in nodes):
            raise UsageError(
                _(
                    "No node of {address} has a timing slot. Start them with: "
                    "dask worker {address} --nthreads 1 --resources timing=1",
                    address=address,
                )
            )
        yield client


def graded_on(client: Any, course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
    """Grade tasks on the nodes of a cluster, and yield each outcome once.

    Args:
        client: of the cluster.
        course: whose graders judge; it travels to each node once.
        tasks: in any order.
    """
    from distributed import KilledWorker, as_completed  # noqa: PLC0415

    data = pack(course_files(course))
    name = digest_of(data)
    # A task, not scattered data: when the nodes that hold it are lost, others make it again
    travelling = client.submit(bytes, data, pure=False)
    timed = {exercise.id for exercise in course.exercises if _is_timed(exercise.grader.spec)}
    waiting = iter(tasks)

    def submit(task: Task) -> Any:
        resources = {TIMING: 1} if task.exercise_id in timed else None
        return client.submit(
            grade_on_node, name, travelling, task, resources=resources, pure=False, retries=2
        )

    threads = sum(client.nthreads().values()) or 1
    first = [(submit(task), task) for task in islice(waiting, _AHEAD * threads)]
    sent = {future.key: task for future, task in first}
    suspects = []
    # With results: they are fetched while earlier ones are written to the gradebook
    running = as_completed(  # type: ignore[no-untyped-call]
        [future for future, _task in first], with_results=True, raise_errors=False
    )
    for future, found in running:
        task = sent.pop(future.key)
        if future.status != "error":
            yield found
        elif isinstance(found[1], KilledWorker):
            suspects.append(task)
        else:
            raise found[1]
        future.release()
        for fresh in waiting:
            added = submit(fresh)
            sent[added.key] = fresh
            running.add(added)  # type: ignore[no-untyped-call]
            break
    for task in suspects:  # one at a time: a node's death makes all suspect that it was to judge
        try:
            yield submit(task).result()
        except KilledWorker:
            yield given_up(course, task)


def grade_on_node(name: str, data: bytes, task: Task) -> Outcome:
    """Grade a task on a node: unpack the course where it is new, then judge as anywhere.

    Raises:
        KataError: this node cannot confine.
    """
    with _judging:
        if name not in _judges:
            for judge in _judges.values():  # of a course that is not wanted any more
                judge.close()
            _judges.clear()
            _judges[name] = _Judge(data)
            atexit.register(_judges[name].close)
        judge = _judges[name]
        judge.seat.take()  # Dask may call from another thread
        return grade_task(judge.course, judge.launcher, task)


def _is_timed(spec: Any) -> bool:
    budgets = [budget for function in spec.functions for budget in function.budget]
    return any(
        isinstance(budget, Speedup) or (isinstance(budget, Growth) and budget.of == "time")
        for budget in budgets
    )
