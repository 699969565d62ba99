"""The time limit of one request, which other work on the machine does not use up."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Final

from torchkata.sandbox.cpu_clock import CpuClock

LOOSE: Final = 4
"""A request that is still running after this many times its limit in wall time is ended."""

_SHORTEST_POLL: Final = 0.01  # seconds
_SHORT: Final = 0.05  # seconds that count in full, to save most requests a look at the clocks
_WAITS: Final = 0.5  # less processor time than this share of the limit means that it waited


class DeadlineError(Exception):
    """Raised when a request has used up its time."""


class Deadline:
    """The time that a worker may take for one request.

    The limit counts the time in which the worker computes, or waits for something by itself. The
    time in which it is ready to run while other programs hold the cores does not count, as far as
    the system tells it. A looser limit on wall time ends every request.

    Args:
        clock: the worker's CPU clock.
        pid: its process id.
        limit: in seconds.
        waiting_counts: whether waiting counts like computing; otherwise only the wall time limits
            it. A data loader waits for its processes, whose speed depends on other work.
    """

    def __init__(
        self, clock: CpuClock, pid: int, limit: float, *, waiting_counts: bool = True
    ) -> None:
        self._clock, self._pid, self._limit = clock, pid, limit
        self._waiting_counts = waiting_counts
        self._start = monotonic()
        self._computed_before, self._queued_before = self._clock_ns(), queued_ns(pid)
        self._computed = 0.0

    def left(self) -> float:
        """Return after how many seconds to ask again.

        Raises:
            DeadlineError: the time is used up.
        """
        wall = monotonic() - self._start
        if wall < self._limit:  # less can be used than has passed
            return self._limit - wall
        used = self.used()
        if used >= self._limit or wall >= LOOSE * self._limit:
            raise DeadlineError
        return min(max(self._limit - used, _SHORTEST_POLL), LOOSE * self._limit - wall)

    def used(self) -> float:
        """Return the seconds that count so far."""
        wall = monotonic() - self._start
        if wall < _SHORT:
            return wall
        now = self._clock_ns()
        if now is None or self._computed_before is None:  # the process has ended
            return min(wall, self._limit)
        self._computed = (now - self._computed_before) / 1e9
        queued = queued_ns(self._pid)
        if not self._waiting_counts or queued is None or self._queued_before is None:
            return min(wall, self._computed)
        awake = wall - (queued - self._queued_before) / 1e9
        return min(wall, max(self._computed, awake))

    @property
    def waited(self) -> bool:
        """Whether the worker has computed too little to explain the time that it used."""
        return self._clock.exact and self._computed < _WAITS * self._limit

    def _clock_ns(self) -> int | None:
        try:
            return self._clock.read()
        except OSError:  # no such process
            return None


def queued_ns(pid: int) -> int | None:
    """Return how long the main thread of a process was ready to run but did not run.

    Returns:
        The time in ns since the process started; None if the system does not count it.
    """
    try:
        fields = Path(f"/proc/{pid}/schedstat").read_bytes().split()
        ran, queued = int(fields[0]), int(fields[1])
    except (OSError, ValueError, IndexError):
        return None
    return queued if ran else None  # without the kernel's statistics, all are 0
