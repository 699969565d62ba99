"""CPU slots: the core that each judge is pinned to, and the timing lock that it shares."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_CORES_PER_LOCK: Final = 2  # judges on so many cores share a timing lock


@dataclass(frozen=True, kw_only=True)
class CpuSlot:
    """The share of a machine that one judge gets.

    Attributes:
        timing_lock: A file shared by the judges of a pair of cores; one at a time measures speed.
        core: The core of this judge, so that a race shares its core with no other judge; None if
            the platform cannot pin threads.
    """

    timing_lock: Path
    core: int | None = None

    def pin(self) -> None:
        """Pin the calling thread, and every process that it starts, to the slot's core."""
        if self.core is not None:
            os.sched_setaffinity(0, {self.core})


def cpu_slot(folder: Path, number: int) -> CpuSlot:
    """Return the slot of a judge: first one judge for each pair of cores, then the second cores.

    Args:
        folder: Shared by all judges of this machine.
        number: The number of the judge, from 0.
    """
    if not hasattr(os, "sched_getaffinity"):
        return CpuSlot(timing_lock=folder / "cores")
    cores = sorted(os.sched_getaffinity(0))
    pairs = [cores[at : at + _CORES_PER_LOCK] for at in range(0, len(cores), _CORES_PER_LOCK)]
    pair = pairs[number % len(pairs)]
    core = pair[number // len(pairs) % len(pair)]
    return CpuSlot(timing_lock=folder / f"cores-{pair[0]}", core=core)


@cache
def claim_cpu_slot(folder: Path) -> CpuSlot:
    """Claim the first free slot of this machine until this process ends.

    The kernel frees a slot when its process ends. If all slots are taken, two processes share one.

    Args:
        folder: Shared by all judges of this machine; created if it is missing.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if not sys.platform.startswith("linux"):
        return cpu_slot(folder, 0)
    import fcntl  # noqa: PLC0415 - not on every platform

    cores = len(os.sched_getaffinity(0))
    for number in range(cores):
        slot = cpu_slot(folder, number)
        descriptor = os.open(folder / f"slot-{slot.core}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return slot  # the open descriptor holds the claim
    return cpu_slot(folder, os.getpid() % cores)
