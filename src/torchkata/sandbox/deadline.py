"""The time limit of one request, which other work on the machine does not use up."""

from __future__ import annotations

import os
from enum import StrEnum
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Final

from torchkata.sandbox.cpu_clock import CpuClock

LOOSE: Final = 4
"""Most wall time of a request, in times of its limit, if it is unknown how long it was held up."""

STARVED: Final = 15
"""The same if it is known, so that code that sleeps has been ended long before."""

_SHORTEST_POLL: Final = 0.01  # seconds
_SHORT: Final = 0.05  # seconds that count in full, to save most requests a look at the clocks
_COMPUTES: Final = 0.5  # less processor time than this share of the limit means that it waited


class DeadlineError(Exception):
    """Raised when a request has used up its time."""


class Reason(StrEnum):
    """What a request did with its time.

    Attributes:
        COMPUTED: it computed.
        WAITED: it waited for something by itself.
        HELD_UP: it did less than the limit allows; other work, or other processes, held it up.
    """

    COMPUTED = "computed"
    WAITED = "waited"
    HELD_UP = "held-up"


class Deadline:
    """The time that a worker may take for one request.

    The limit counts the time in which the worker computes, or waits for something by itself. The
    time in which it is ready to run while other programs hold the cores does not count, as far as
    the system tells it. A much looser limit on wall time ends every request.

    Args:
        clock: the worker's CPU clock.
        pid: its process id.
        limit: in seconds.
        waiting_counts: whether waiting counts like computing; otherwise only the wall time limits
            it. A data loader waits for its processes, whose speed depends on other work.

    Attributes:
        computed: seconds of processor time, when it was last looked at.
    """

    def __init__(
        self, clock: CpuClock, pid: int, limit: float, *, waiting_counts: bool = True
    ) -> None:
        self._clock, self._pid, self._limit = clock, pid, limit
        self._waiting_counts = waiting_counts
        self._start = monotonic()
        self._computed_before, self._queued_before = self._clock_ns(), queued_ns(pid)
        self.computed = 0.0
        self._used_up = False
        known = waiting_counts and self._queued_before is not None
        self._most_wall = limit * (STARVED if known else LOOSE)

    @property
    def wall(self) -> float:
        """The seconds since the request started."""
        return monotonic() - self._start

    def left(self) -> float:
        """Return after how many seconds to ask again.

        Raises:
            DeadlineError: the time is used up.
        """
        wall = self.wall
        if wall < self._limit:  # less can be used than has passed
            return self._limit - wall
        used = self.used()
        if used >= self._limit or wall >= self._most_wall:
            self._used_up = used >= self._limit
            raise DeadlineError
        return min(max(self._limit - used, _SHORTEST_POLL), self._most_wall - wall)

    def used(self) -> float:
        """Return the seconds that count so far."""
        wall = self.wall
        if wall < _SHORT:
            return wall
        now = self._clock_ns()
        if now is None or self._computed_before is None:  # the process has ended
            return min(wall, self._limit)
        self.computed = (now - self._computed_before) / 1e9
        queued = queued_ns(self._pid)
        if not self._waiting_counts or queued is None or self._queued_before is None:
            return min(wall, self.computed)
        awake = wall - (queued - self._queued_before) / 1e9
        return min(wall, max(self.computed, awake))

    @property
    def reason(self) -> Reason:
        """What used up the time, when it is over."""
        if not self._used_up:
            return Reason.HELD_UP
        computes = self.computed >= _COMPUTES * self._limit or not self._clock.exact
        return Reason.COMPUTED if computes else Reason.WAITED

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
    fields = _statistics(pid)
    return fields[1] if fields and _are_counted() else None


def _statistics(pid: int) -> list[int]:
    """Return time on a core, time in the queue, and how often it ran; empty if unknown."""
    try:
        return [int(field) for field in Path(f"/proc/{pid}/schedstat").read_bytes().split()]
    except (OSError, ValueError):
        return []


@cache
def _are_counted() -> bool:
    """Return whether the kernel counts: without its option, all numbers of this process are 0."""
    return any(_statistics(os.getpid()))
