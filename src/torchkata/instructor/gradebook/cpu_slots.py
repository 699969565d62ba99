"""A judge's seat: the core that it keeps to, and where it takes turns at the clock."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_CORES_A_TURN: Final = 2  # judges on so many cores take turns at the clock


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A place for one judge.

    Attributes:
        turns: a file that the judges of a pair of cores share; one of them at a time reads the
            clock.
        core: its own of the pair, so that a race shares its core with no other judge; None where
            cores cannot be chosen.
    """

    turns: Path
    core: int | None = None

    def take(self) -> None:
        """Keep the thread that judges, and all that it starts, to the seat's core."""
        if self.core is not None:
            os.sched_setaffinity(0, {self.core})


def seat(folder: Path, number: int) -> Seat:
    """The seat of a judge: one to each pair of cores first, then the second ones.

    Args:
        folder: shared by all judges of this machine.
        number: of the judge, from 0.
    """
    if not hasattr(os, "sched_getaffinity"):
        return Seat(turns=folder / "cores")
    cores = sorted(os.sched_getaffinity(0))
    pairs = [cores[at : at + _CORES_A_TURN] for at in range(0, len(cores), _CORES_A_TURN)]
    pair = pairs[number % len(pairs)]
    core = pair[number // len(pairs) % len(pair)]
    return Seat(turns=folder / f"cores-{pair[0]}", core=core)


@cache
def free_seat(folder: Path) -> Seat:
    """The first seat of this machine that no process has; this one keeps it until it ends.

    The kernel gives a seat back when its process dies. Where all are taken, two share one.

    Args:
        folder: shared by all judges of this machine; made when it is missing.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if not sys.platform.startswith("linux"):
        return seat(folder, 0)
    import fcntl  # noqa: PLC0415 - not on every platform

    cores = len(os.sched_getaffinity(0))
    for number in range(cores):
        found = seat(folder, number)
        descriptor = os.open(folder / f"seat-{found.core}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return found  # the descriptor stays open, and so the seat is taken
    return seat(folder, os.getpid() % cores)
