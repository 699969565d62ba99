"""Read another process's CPU clock, so that a worker is never asked how long it took."""

from __future__ import annotations

import sys
import time
from pathlib import Path

_PROCESS_SCHED_CLOCK = 2
"""The low bits of a Linux clock id that select a process's CPU time as the scheduler counts it."""


class CpuClock:
    """Reads the CPU time of one process, including all its threads, from outside.

    The time that a process waits for a core does not count, which keeps the clock steady on a busy
    machine. The time that it sleeps does not count either; `voluntary_switches` reveals that.

    On a system without such a clock (macOS, Windows), the clock reads wall time.

    Args:
        pid: the process, as numbered by the caller's PID namespace.

    Attributes:
        exact: whether the clock reads CPU time in nanoseconds; False for the wall time fallback.

    Raises:
        OSError: no such process.
    """

    def __init__(self, pid: int) -> None:
        self.exact = sys.platform == "linux"
        # The same value as clock_getcpuclockid(3); Python has only the variant for threads.
        self._clock_id = (~pid << 3) | _PROCESS_SCHED_CLOCK
        self.read()

    def read(self) -> int:
        """Return the time used so far, in ns.

        Raises:
            OSError: the process has ended.
        """
        if sys.platform == "linux":
            return time.clock_gettime_ns(self._clock_id)
        return time.perf_counter_ns()


def voluntary_switches(pid: int) -> int | None:
    """Return how often the threads of a process gave up their core, by sleeping or waiting.

    Preemption does not count. A thread that has ended takes its count with it, but the thread that
    waited for it has a switch of its own.

    Args:
        pid: the process.

    Returns:
        The sum over its living threads; None on a system without Linux's `/proc`.

    Raises:
        OSError: no such process.
    """
    if sys.platform != "linux":
        return None
    total = 0
    for task in list(Path(f"/proc/{pid}/task").iterdir()):
        try:
            status = (task / "status").read_bytes()
        except (FileNotFoundError, ProcessLookupError):  # the thread ended after it was listed
            continue
        total += int(status.partition(b"\nvoluntary_ctxt_switches:")[2].split(maxsplit=1)[0])
    return total
