"""The judging thread: newer judgements call off older ones, and each has processes of its own."""

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
from torchkata.grading.prewarm import fresh, prepare, prewarmed_session
from torchkata.result import State
from torchkata.sandbox.launcher import Launcher, CancellableLauncher
from torchkata.watch.events import Checking, Event, Judge, Judged
from torchkata.watch.grading_thread import Bench

HALVE = "01_mini/02_halve"
RIGHT = b"def halve(x):\n    return x / 2\n"
ENDLESS = b"def halve(x):\n    while True:\n        pass\n"


@dataclass
class Bound:
    """A bench and what it tells."""

    bench: Bench
    told: queue.Queue[Event]

    def verdict(self) -> Judged:
        while not isinstance(event := self.told.get(timeout=30), Judged):
            pass
        return event


@pytest.fixture
def bound(launcher: Launcher, mini) -> Iterator[Bound]:
    told: queue.Queue[Event] = queue.Queue()
    bench = Bench(launcher, {one.id: one for one in Course(mini).exercises}, told.put)
    yield Bound(bench, told)
    bench.close()


def test_judges_and_says_what_is_judged(bound: Bound):
    """A judgement tells its checks and its verdict, with the number it was asked by."""
    bound.bench.expect(HALVE)
    bound.bench.judge(Judge(turn=3, id=HALVE, source=RIGHT))

    events = [bound.told.get(timeout=30)]
    while not isinstance(events[-1], Judged):
        events.append(bound.told.get(timeout=30))

    assert {type(event) for event in events[:-1]} == {Checking}
    assert all(event.turn == 3 for event in events)
    assert (events[-1].id, events[-1].source) == (HALVE, RIGHT)
    assert events[-1].result.state is State.PASSED


def test_pass_comes_with_the_comparison_and_the_best_before(launcher: Launcher, mini):
    """The best is asked for by the exercise; only a pass is compared."""
    told: queue.Queue[Event] = queue.Queue()
    exercises = {one.id: one for one in Course(mini).exercises}
    bench = Bench(launcher, exercises, told.put, best=lambda id_: {id_: {"ops": 9}})
    bound = Bound(bench, told)
    try:
        bench.judge(Judge(turn=1, id=HALVE, source=RIGHT))
        passed = bound.verdict().result
        bench.judge(Judge(turn=2, id=HALVE, source=b"def halve(x):\n    return x * 3\n"))
        failed = bound.verdict().result
    finally:
        bench.close()

    assert passed.comparison is not None
    assert passed.comparison.best == {HALVE: {"ops": 9}}
    assert failed.comparison is None


def test_newer_judgement_calls_off_an_endless_one(bound: Bound, launcher: Launcher):
    """Only the newer verdict comes, long before the older one's limit, and no process stays."""
    bound.bench.judge(Judge(turn=1, id=HALVE, source=ENDLESS))
    bound.told.get(timeout=30)
    time.sleep(0.3)
    pids = {worker.pid for worker in launcher._workers if worker.alive}
    assert pids
    start = time.monotonic()

    bound.bench.judge(Judge(turn=2, id=HALVE, source=RIGHT))

    verdict = bound.verdict()
    assert (verdict.turn, verdict.result.state) == (2, State.PASSED)
    assert time.monotonic() - start < 10
    assert wait_for(lambda: not living(pids), 3)


def test_stop_leaves_no_verdict(bound: Bound):
    """What was stopped is never told."""
    bound.bench.judge(Judge(turn=1, id=HALVE, source=ENDLESS))
    bound.told.get(timeout=30)
    bound.bench.stop()
    bound.bench.judge(Judge(turn=2, id=HALVE, source=RIGHT))

    assert bound.verdict().turn == 2


def test_seed_is_kept_where_one_is_asked_for(bound: Bound):
    """The same seed gives the same hidden inputs; without one each judgement has its own."""
    source = b"def halve(x):\n    print(x.sum().item())\n    return x / 2\n"
    printed = []
    for turn, seed in enumerate((5, 5, None, None), 1):
        bound.bench.judge(Judge(turn=turn, id=HALVE, source=source, seed=seed))
        printed.append(bound.verdict().result.output)

    assert printed[0] == printed[1]
    assert len(set(printed[1:])) == 3


def test_missing_file_and_fault_of_the_judge_are_told(bound: Bound, mini, monkeypatch):
    """Whatever goes wrong in the thread becomes a verdict, and the thread goes on."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("boom")

    with monkeypatch.context() as patched:
        patched.setattr("torchkata.watch.grading_thread.grade_one", broken)
        bound.bench.judge(Judge(turn=1, id=HALVE, source=RIGHT))
        verdict = bound.verdict()
    assert verdict.result.state is State.ERROR
    assert "ZeroDivisionError: boom" in verdict.result.message
    bound.bench.judge(Judge(turn=2, id=HALVE))
    assert bound.verdict().result.state is State.TODO, "read from the course: the shipped stub"


def test_prepared_processes_serve_one_judgement(launcher: Launcher, mini):
    """Those started ahead are the ones that judge; the next judgement has new ones."""
    exercise = Course(mini).one("row_total")
    pids = []
    for seed in (1, 2):
        session = prewarmed_session(exercise, launcher, seed, ("twin:0",))
        assert fresh(session)
        for _ in prepare(session):
            pass
        ready = {worker.pid for worker in launcher._workers if worker.alive}
        assert {session.reference.pid, session._spares["cpu"].pid} <= ready
        pids.append({session.reference.pid, *(w.pid for w in session._spares.values())})
        session.close()
        assert wait_for(lambda ready=ready: not living(ready), 3)
    assert not pids[0] & pids[1]


def test_lease_ends_what_another_thread_waits_for(launcher: Launcher):
    """Cancelling ends a call that never would, and refuses the next worker."""
    lease = CancellableLauncher(launcher)
    worker = lease.worker()
    worker.load(ENDLESS, "x.py")
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            worker.call("halve", [(1,)])
        except WorkerDiedError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.2)
    start = time.monotonic()
    lease.cancel()
    thread.join(10)

    assert raised
    assert time.monotonic() - start < 3
    with pytest.raises(Cancelled):
        lease.worker()


def test_zygote_answers_several_threads(launcher: Launcher):
    """Every thread gets the answer to its own question."""
    found: list[int] = []

    def start_and_end() -> None:
        for _ in range(5):
            own = Launcher(launcher.config, launcher._zygote)
            worker = own.worker()
            found.append(worker.pid)
            assert worker.run(lambda _module: __import__("os").getpid()) == worker.pid
            assert worker.close() == -9

    threads = [threading.Thread(target=start_and_end) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(set(found)) == 20
