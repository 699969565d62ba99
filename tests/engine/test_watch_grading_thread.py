"""The grading thread: newer jobs cancel older ones, and each job has its own processes."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from helpers import living, wait_for

from torchkata.course.catalogue import Course
from torchkata.errors import Cancelled, WorkerDiedError
from torchkata.grading.prewarm import is_unused, prewarm, prewarmed_session
from torchkata.result import TWIN, State
from torchkata.sandbox.launcher import CancellableLauncher, Launcher
from torchkata.watch.events import CheckStarted, Event, GradingDone, StartGrading
from torchkata.watch.grading_thread import GradingThread

HALVE = "01_mini/02_halve"
RIGHT = b"def halve(x):\n    return x / 2\n"
WRONG = b"def halve(x):\n    return x * 3\n"
ENDLESS = b"def halve(x):\n    while True:\n        pass\n"


@dataclass
class Grading:
    """A grading thread and the events that it sends."""

    thread: GradingThread
    events: queue.Queue[Event]

    def next_event(self) -> Event:
        return self.events.get(timeout=30)

    def next_result(self) -> GradingDone:
        while not isinstance(event := self.next_event(), GradingDone):
            pass
        return event


@pytest.fixture
def grading(launcher: Launcher, mini) -> Iterator[Grading]:
    events: queue.Queue[Event] = queue.Queue()
    exercises = {exercise.id: exercise for exercise in Course(mini).exercises}
    thread = GradingThread(launcher, exercises, events.put, best=lambda id_: {id_: {"ops": 9}})
    yield Grading(thread, events)
    thread.close()


def request(job: int, source: bytes | None = RIGHT, seed: int | None = None) -> StartGrading:
    return StartGrading(job=job, exercise_id=HALVE, source=source, seed=seed)


def test_sends_checks_and_result(grading: Grading):
    """A job sends the checks that it starts and its result, with its number."""
    grading.thread.prepare_for(HALVE)
    grading.thread.grade(request(3))

    events = [grading.next_event()]
    while not isinstance(events[-1], GradingDone):
        events.append(grading.next_event())

    assert {type(event) for event in events[:-1]} == {CheckStarted}
    assert all(event.job == 3 for event in events)
    assert (events[-1].exercise_id, events[-1].source) == (HALVE, RIGHT)
    assert events[-1].result.state is State.PASSED


def test_pass_has_comparison_with_earlier_best(grading: Grading):
    """Only a pass has a comparison; the best is that of the exercise."""
    grading.thread.grade(request(1))
    passed = grading.next_result().result
    grading.thread.grade(request(2, WRONG))
    failed = grading.next_result().result

    assert passed.comparison is not None
    assert passed.comparison.best == {HALVE: {"ops": 9}}
    assert failed.comparison is None


def test_newer_job_cancels_an_endless_one(grading: Grading, launcher: Launcher):
    """Only the newer result is sent, long before the older job's limit, and no process stays."""
    grading.thread.grade(request(1, ENDLESS))
    grading.next_event()
    time.sleep(0.3)
    pids = {worker.pid for worker in launcher._workers if worker.alive}
    assert pids
    start = time.monotonic()

    grading.thread.grade(request(2))

    done = grading.next_result()
    assert (done.job, done.result.state) == (2, State.PASSED)
    assert time.monotonic() - start < 10
    assert wait_for(lambda: not living(pids), 3)


def test_cancelled_job_sends_no_result(grading: Grading):
    """The next result is that of the next job."""
    grading.thread.grade(request(1, ENDLESS))
    grading.next_event()
    grading.thread.cancel()
    grading.thread.grade(request(2))

    assert grading.next_result().job == 2


def test_requested_seed_is_used(grading: Grading):
    """The same seed gives the same hidden inputs; without a seed, each job has its own."""
    source = b"def halve(x):\n    print(x.sum().item())\n    return x / 2\n"
    outputs = []
    for job, seed in enumerate((5, 5, None, None), 1):
        grading.thread.grade(request(job, source, seed))
        outputs.append(grading.next_result().result.output)

    assert outputs[0] == outputs[1]
    assert len(set(outputs[1:])) == 3


def test_errors_become_results(grading: Grading, monkeypatch):
    """An internal error becomes a result, and the thread goes on."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("boom")

    with monkeypatch.context() as patched:
        patched.setattr("torchkata.watch.grading_thread.grade_and_record", broken)
        grading.thread.grade(request(1))
        done = grading.next_result()
    assert done.result.state is State.ERROR
    assert "ZeroDivisionError: boom" in str(done.result.message)
    grading.thread.grade(request(2, None))
    assert grading.next_result().result.state is State.TODO, "the original stub, read from the file"


def test_prewarmed_processes_serve_one_job(launcher: Launcher, mini):
    """The processes that were started ahead grade one job; the next one has new processes."""
    exercise = Course(mini).one("row_total")
    pids = []
    for seed in (1, 2):
        session = prewarmed_session(exercise, launcher, seed, (TWIN,))
        assert is_unused(session)
        for _ in prewarm(session):
            pass
        ready = {worker.pid for worker in launcher._workers if worker.alive}
        references = {worker.pid for worker in session.processes._references.values()}
        prestarted = {worker.pid for worker in session.processes._prestarted.values()}
        assert references
        assert prestarted
        assert references | prestarted <= ready
        pids.append(references | prestarted)
        session.close()
        assert wait_for(lambda ready=ready: not living(ready), 3)
    assert not pids[0] & pids[1]


def test_cancel_ends_a_call_in_another_thread(launcher: Launcher):
    """Cancelling ends a call that would never return, and no new worker can be started."""
    cancellable = CancellableLauncher(launcher)
    worker = cancellable.worker()
    worker.load(ENDLESS, "x.py")
    raised: list[BaseException] = []

    def call() -> None:
        try:
            worker.call("halve", [(1,)])
        except WorkerDiedError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(0.2)
    start = time.monotonic()
    cancellable.cancel()
    thread.join(10)

    assert raised
    assert time.monotonic() - start < 3
    with pytest.raises(Cancelled):
        cancellable.worker()


def test_zygote_serves_several_threads(launcher: Launcher):
    """Every thread gets the reply to its own request."""
    pids: list[int] = []

    def start_and_end() -> None:
        for _ in range(5):
            worker = launcher.with_config(launcher.config).worker()
            pids.append(worker.pid)
            assert worker.run(lambda _module: __import__("os").getpid()) == worker.pid
            assert worker.close() == -9

    threads = [threading.Thread(target=start_and_end) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(set(pids)) == 20
