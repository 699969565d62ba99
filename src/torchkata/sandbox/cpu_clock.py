"""Reads another process's CPU clock, so that a worker is never asked how long it took."""

from __future__ import annotations

import sys
import time
from pathlib import Path

_PROCESS_SCHED_CLOCK = 2
"""The low bits of a Linux clock id that ask for a process's time as the scheduler counts it."""


class CpuClock:
    """The CPU time of one process, all its threads included, read from outside.

    The time that a process waits for a core does not count, which is what makes the clock steady
    on a busy machine; nor does the time that it sleeps, which `voluntary_switches` gives away.

    Where the system has no such clock to offer (macOS, Windows), the reading is wall time.

    Args:
        pid: the process, as the caller's PID namespace numbers it.

    Attributes:
        exact: whether readings are CPU time to the nanosecond; False for the wall time fallback.

    Raises:
        OSError: no such process.
    """

    def __init__(self, pid: int) -> None:
        self.exact = sys.platform == "linux"
        # What clock_getcpuclockid(3) computes; Python offers it for threads only.
        self._clock_id = (~pid << 3) | _PROCESS_SCHED_CLOCK
        self.read()

    def read(self) -> int:
        """The time used so far, in ns.

        Raises:
            OSError: the process has ended.
        """
        if sys.platform == "linux":
            return time.clock_gettime_ns(self._clock_id)
        return time.perf_counter_ns()


def voluntary_switches(pid: int) -> int | None:
    """How often the living threads of a process gave up their core, by sleeping or waiting.

    A process that is merely interrupted does not count up. A thread that has ended takes its
    count with it, but whoever waited for it has one of its own.

    Args:
        pid: the process.

    Returns:
        The sum over its threads, or None where the system does not tell (no Linux `/proc`).

    Raises:
        OSError: no such process.
    """
    if sys.platform != "linux":
        return None
    total = 0
    for task in list(Path(f"/proc/{pid}/task").iterdir()):
        try:
            status = (task / "status").read_bytes()
        except (FileNotFoundError, ProcessLookupError):  # this thread ended since we listed it
            continue
        total += int(status.partition(b"\nvoluntary_ctxt_switches:")[2].split(maxsplit=1)[0])
    return total
