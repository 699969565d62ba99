"""The time limit of a request: what uses it up, and what a worker prints without end."""

from __future__ import annotations

import os
import time

import pytest

from torchkata.sandbox import deadline as deadlines
from torchkata.sandbox import exit_messages
from torchkata.sandbox.deadline import (
    LOOSE,
    STARVED,
    Deadline,
    DeadlineError,
    Reason,
    queued_ns,
)
from torchkata.sandbox.pipes import Pipes

LIMIT = 20.0


class Machine:
    """A worker's clocks, set by hand; a stand-in for its CPU clock too."""

    exact = True

    def __init__(self) -> None:
        self.wall = self.computed = 0.0
        self.queued: float | None = 0.0
        self.ended = False

    def read(self) -> int:
        """Return the time that was computed, in ns."""
        if self.ended:
            raise ProcessLookupError
        return int(1e9 * self.computed)

    def passes(self, *, computed: float = 0, waited: float = 0, queued: float = 0) -> None:
        """Let time pass."""
        self.wall += computed + waited + queued
        self.computed += computed
        if self.queued is not None:
            self.queued += queued


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Replace the clocks of deadlines."""
    machine = Machine()
    monkeypatch.setattr(deadlines, "monotonic", lambda: machine.wall)
    monkeypatch.setattr(
        deadlines,
        "queued_ns",
        lambda _pid: None if machine.queued is None else int(1e9 * machine.queued),
    )
    return machine


def start(machine: Machine, *, waiting_counts: bool = True) -> Deadline:
    return Deadline(machine, 1, LIMIT, waiting_counts=waiting_counts)  # type: ignore[arg-type]


def test_other_work_on_the_machine_does_not_use_up_the_limit(machine: Machine):
    """A worker that runs for a third of the time has three times as long."""
    deadline = start(machine)
    for _second in range(19):
        machine.passes(computed=1, queued=2)
        assert deadline.left() > 0

    machine.passes(computed=1, queued=2)
    with pytest.raises(DeadlineError):
        deadline.left()
    assert deadline.used() == pytest.approx(LIMIT)
    assert deadline.reason is Reason.COMPUTED


def test_waiting_uses_up_the_limit(machine: Machine):
    """A worker that sleeps has no more time than one that computes, and is known to have waited."""
    deadline = start(machine)
    machine.passes(computed=1, waited=LIMIT - 2)
    assert deadline.left() == pytest.approx(1)

    machine.passes(waited=1)
    with pytest.raises(DeadlineError):
        deadline.left()
    assert deadline.reason is Reason.WAITED


@pytest.mark.parametrize("statistics", [True, False])
def test_wall_time_is_a_loose_limit(machine: Machine, statistics: object):
    """Even where other work holds it up, a request ends, and the reason says so."""
    machine.queued = 0.0 if statistics else None
    deadline = start(machine)
    most = (STARVED if statistics else LOOSE) * LIMIT
    machine.passes(queued=most - 1)
    assert deadline.left() <= 1

    machine.passes(queued=1)
    with pytest.raises(DeadlineError):
        deadline.left()
    assert deadline.reason is Reason.HELD_UP
    message = exit_messages.timeout(deadline, LIMIT, 7)
    assert f"no result after {most:.0f} s" in str(message)
    assert "Line 7 was running." in str(message)


def test_waiting_for_processes_of_a_loader_does_not_count(machine: Machine):
    """Those processes may wait for a core, which their parent's statistics do not show."""
    deadline = start(machine, waiting_counts=False)
    machine.passes(computed=1, waited=2 * LIMIT)

    assert deadline.left() > 0
    assert deadline.used() == pytest.approx(1)


def test_ended_process_has_no_clock(machine: Machine):
    """A process that has ended while it was waited for uses at most the limit."""
    deadline = start(machine)
    machine.passes(waited=3 * LIMIT)
    machine.ended = True

    assert deadline.used() == LIMIT
    with pytest.raises(DeadlineError):
        deadline.left()


def test_statistics_of_this_process_are_read():
    """The kernel's statistics are found; those of a process that does not exist are not."""
    if not os.path.exists("/proc/self/schedstat"):  # noqa: PTH110 - one call
        pytest.skip("this kernel has no such statistics")
    assert queued_ns(os.getpid()) is not None
    assert queued_ns(2**22 + 1) is None


class Soon:
    """A deadline of a short wall time."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left."""
        if time.monotonic() >= self._end:
            raise DeadlineError
        return self._end - time.monotonic()


def test_flood_of_printed_text_does_not_stop_the_clock():
    """A log that always has more text is drained in parts, so the deadline is kept."""
    request, reply = os.pipe(), os.pipe()
    log = os.open("/dev/zero", os.O_RDONLY)
    pipes = Pipes(request[1], reply[0], log)

    with pytest.raises(DeadlineError):
        pipes.read(1, Soon(0.2))

    assert pipes.read_stack(0.05) == 0
    pipes.close()
    os.close(request[0])
    os.close(reply[1])


def test_flood_of_reply_bytes_does_not_stop_the_clock(monkeypatch: pytest.MonkeyPatch):
    """A reply whose bytes arrive singly and without end is read in parts, too."""
    request, reply, log = os.pipe(), os.pipe(), os.pipe()
    pipes = Pipes(request[1], reply[0], log[0])
    monkeypatch.setattr(os, "readv", lambda _descriptor, _buffers: 1)

    with pytest.raises(DeadlineError):
        pipes.read(1000, Soon(0.0))

    pipes.close()
    for descriptor in (request[0], reply[1], log[1]):
        os.close(descriptor)
