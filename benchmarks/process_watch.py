"""Watches a process and all below it: their memory over time, and the processor time they use."""

from __future__ import annotations

import os
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from grading import descendants

_TICKS = os.sysconf("SC_CLK_TCK")
_LASTING = 0.8  # of all looks: a process that is seen so often is no worker of one submission


@dataclass(frozen=True)
class Look:
    """What was seen at one time.

    Attributes:
        at: seconds since the watch began.
        shared: bytes of each process, what it shares with others divided by their number (PSS).
        own: bytes that each process alone holds (USS).
        cpu: seconds that each process and its children that have ended have used.
    """

    at: float
    shared: dict[int, int]
    own: dict[int, int]
    cpu: dict[int, float]


class Watch(threading.Thread):
    """Looks at a process tree every few seconds until it is told to stop."""

    def __init__(self, pid: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self.looks: list[Look] = []
        self._pid, self._seconds = pid, seconds
        self._begun = time.monotonic()
        self._over = threading.Event()

    def run(self) -> None:
        """Look, and look again."""
        while not self._over.wait(self._seconds):
            look = self._look()
            if look.shared:
                self.looks.append(look)

    def stop(self) -> None:
        """End the watch."""
        self._over.set()
        self.join()

    def _look(self) -> Look:
        shared, own, cpu = {}, {}, {}
        for pid in [self._pid, *descendants(self._pid)]:
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
                stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1]
            except OSError:
                continue  # it ended just now
            sizes = [line.split() for line in text.splitlines()[1:]]
            shared[pid] = sum(int(w[1]) for w in sizes if w[0] == "Pss:") << 10
            own[pid] = sum(int(w[1]) for w in sizes if w[0].startswith("Private_")) << 10
            cpu[pid] = sum(map(int, stat.split()[11:15])) / _TICKS
        return Look(time.monotonic() - self._begun, shared, own, cpu)

    @property
    def lasting(self) -> list[int]:
        """Processes that are there all the time: the command, its judges, their zygotes."""
        half = self.looks[len(self.looks) // 2 :]
        pids = {pid for look in half for pid in look.shared}
        return sorted(p for p in pids if sum(p in k.own for k in half) >= _LASTING * len(half))

    @property
    def cpu(self) -> float:
        """Seconds of processor time, of workers too, as far as their zygotes know of their ends."""
        return sum(self.cpu_of(pid) for pid in self.lasting)

    def cpu_of(self, pid: int) -> float:
        """Seconds of processor time of one process and its children that have ended."""
        return max(look.cpu.get(pid, 0.0) for look in self.looks)

    def quarters(self) -> dict[str, float]:
        """Medians of the first and the last quarter, in MiB, without the first looks of a start."""
        looks = [look for look in self.looks if set(self.lasting) <= set(look.own)]
        size = max(1, len(looks) // 4)
        found = {}
        for name, part in (("first", looks[:size]), ("last", looks[-size:])):
            tree = statistics.median(sum(look.shared.values()) for look in part)
            own = statistics.median(sum(look.own[p] for p in self.lasting) for look in part)
            found[f"{name}_quarter_mib"] = round(tree / 2**20, 1)
            found[f"{name}_quarter_lasting_mib"] = round(own / 2**20, 1)
        peak = max(sum(look.shared.values()) for look in self.looks)
        return {**found, "peak_mib": round(peak / 2**20, 1), "looks": len(self.looks)}
