"""Grade on several machines with Dask distributed, with the same verdicts as on one.

Nodes and the network between them are trusted; submissions are confined on every node. If a node
is lost, its tasks are graded elsewhere. A submission that ends one node after another counts as
failed, and a person has to review it.
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

from torchkata.course import archive
from torchkata.course.catalogue import Course
from torchkata.course.spec.budgets import Growth, Speedup
from torchkata.course.spec.function import Spec
from torchkata.errors import KataError, UsageError
from torchkata.i18n import _, semicolon_list
from torchkata.instructor.course_bundle import bundle_digest, course_files, unpack
from torchkata.instructor.gradebook.cpu_slots import claim_cpu_slot
from torchkata.instructor.gradebook.local_pool import failed_outcome
from torchkata.instructor.gradebook.task import Outcome, Task, grade_task
from torchkata.sandbox.launcher import Launcher, WorkerConfig
from torchkata.worker.confinement.confine import available_confinement

TIMING: Final = "timing"
"""A node's resource: the number of races it can time undisturbed."""

LOCAL: Final = "local"
_TASKS_IN_FLIGHT: Final = 8  # for each thread of the cluster
_CONNECT_SECONDS: Final = 30


class _NodeJudge:
    """A course unpacked on this node, with a launcher for its workers."""

    def __init__(self, data: bytes) -> None:
        confinement = available_confinement()
        if confinement.level != "full":
            raise KataError(
                _(
                    "This node cannot confine submissions: {missing}.",
                    missing=semicolon_list(confinement.missing),
                )
            )
        self._folder = tempfile.TemporaryDirectory(prefix="torchkata-course-")
        root = Path(self._folder.name)
        unpack(data, root)
        self.course = Course(root)
        self.slot = claim_cpu_slot(Path(tempfile.gettempdir()) / f"torchkata-slots-{os.getuid()}")
        self.slot.pin()
        self.launcher = Launcher(WorkerConfig(timing_lock=self.slot.timing_lock))

    def close(self) -> None:
        """End the workers and delete the folder."""
        self.launcher.close()
        self._folder.cleanup()


_grading = threading.Lock()  # a process grades one submission at a time
_judges: dict[str, _NodeJudge] = {}


@contextlib.contextmanager
def connect(address: str, jobs: int) -> Iterator[Any]:
    """Connect to a scheduler, or start a cluster on this machine for `local`.

    Args:
        address: Of the scheduler, such as `tcp://host:8786`, or `local`.
        jobs: The number of nodes of a local cluster.

    Yields:
        A Dask client.

    Raises:
        KataError: Dask is not installed, or the scheduler does not respond.
        UsageError: No node has a timing slot.
    """
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise KataError(
            _("Dask is not installed here. Run: pip install 'torchkata[cluster]'")
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
        client = Client(address, timeout=_CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise KataError(
            _("No scheduler responds at {address} ({reason}).", address=address, reason=error)
        ) from error
    with client:
        nodes = client.scheduler_info(n_workers=-1)["workers"].values()
        if not any(node["resources"].get(TIMING) for node in nodes):
            raise UsageError(
                _(
                    "No node of {address} has a timing slot. Start nodes with: "
                    "dask worker {address} --nthreads 1 --resources timing=1",
                    address=address,
                )
            )
        yield client


def grade_on(client: Any, course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
    """Grade tasks on the nodes of a cluster and yield one outcome for each.

    Args:
        client: Of the cluster.
        course: The course whose graders judge; it is sent to each node once.
        tasks: In any order.
    """
    from distributed import KilledWorker, as_completed  # noqa: PLC0415

    data = archive.create(course_files(course))
    name = bundle_digest(data)
    # A task, not scattered data: if the nodes that hold it are lost, other nodes create it again
    bundle = client.submit(bytes, data, pure=False)
    timed = {exercise.id for exercise in course.exercises if _is_timed(exercise.spec)}
    waiting = iter(tasks)

    def submit(task: Task) -> Any:
        resources = {TIMING: 1} if task.exercise_id in timed else None
        return client.submit(
            grade_on_node, name, bundle, task, resources=resources, pure=False, retries=2
        )

    threads = sum(client.nthreads().values()) or 1
    first = [(submit(task), task) for task in islice(waiting, _TASKS_IN_FLIGHT * threads)]
    in_flight = {future.key: task for future, task in first}
    suspects = []
    # with_results: results are fetched while earlier ones are written to the gradebook
    completed = as_completed(  # type: ignore[no-untyped-call]
        [future for future, _task in first], with_results=True, raise_errors=False
    )
    for future, result in completed:
        task = in_flight.pop(future.key)
        if future.status != "error":
            yield result
        elif isinstance(result[1], KilledWorker):
            suspects.append(task)
        else:
            raise result[1]
        future.release()
        if (next_task := next(waiting, None)) is not None:
            added = submit(next_task)
            in_flight[added.key] = next_task
            completed.add(added)  # type: ignore[no-untyped-call]
    for task in suspects:  # one at a time: a node's death makes all tasks on it suspect
        try:
            yield submit(task).result()
        except KilledWorker:
            yield failed_outcome(course, task)


def grade_on_node(name: str, data: bytes, task: Task) -> Outcome:
    """Grade a task on a node; the first task of a course unpacks it there.

    Args:
        name: The digest of the course's bundle.
        data: The bundle.
        task: What to grade.

    Raises:
        KataError: This node cannot confine submissions.
    """
    with _grading:
        if name not in _judges:
            for judge in _judges.values():  # of another course
                judge.close()
            _judges.clear()
            _judges[name] = _NodeJudge(data)
            atexit.register(_judges[name].close)
        judge = _judges[name]
        judge.slot.pin()  # Dask may call from another thread
        return grade_task(judge.course, judge.launcher, task)


def _is_timed(spec: Spec) -> bool:
    budgets = [budget for function in spec.functions for budget in function.budget]
    return any(
        isinstance(budget, Speedup) or (isinstance(budget, Growth) and budget.of == "time")
        for budget in budgets
    )
