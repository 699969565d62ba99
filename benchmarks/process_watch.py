"""Monitor a process and its descendants: their memory over time, and the CPU time they use."""

from __future__ import annotations

import os
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from grading import descendants

_TICKS = os.sysconf("SC_CLK_TCK")
_LONG_LIVED = 0.8  # share of the samples that a process must be in; a worker is in far fewer


@dataclass(frozen=True)
class Sample:
    """The state of a process tree at one time.

    Attributes:
        at: Seconds since monitoring started.
        pss: Bytes of each process, with shared memory divided among its users (PSS).
        uss: Bytes that each process does not share (USS).
        cpu: Seconds of CPU time of each process and its children that have ended.
    """

    at: float
    pss: dict[int, int]
    uss: dict[int, int]
    cpu: dict[int, float]


class ProcessWatch(threading.Thread):
    """Samples a process tree at regular intervals until it is stopped.

    Args:
        pid: The root of the tree.
        interval: Seconds between two samples.
    """

    def __init__(self, pid: int, interval: float) -> None:
        super().__init__(daemon=True)
        self.samples: list[Sample] = []
        self._pid, self._interval = pid, interval
        self._start_time = time.monotonic()
        self._stopped = threading.Event()

    def run(self) -> None:
        """Take samples."""
        while not self._stopped.wait(self._interval):
            sample = self._sample()
            if sample.pss:
                self.samples.append(sample)

    def stop(self) -> None:
        """Stop monitoring."""
        self._stopped.set()
        self.join()

    def _sample(self) -> Sample:
        pss, uss, cpu = {}, {}, {}
        for pid in [self._pid, *descendants(self._pid)]:
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
                stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1]
            except OSError:
                continue  # it ended in the meantime
            sizes = [line.split() for line in text.splitlines()[1:]]
            pss[pid] = sum(int(words[1]) for words in sizes if words[0] == "Pss:") << 10
            uss[pid] = (
                sum(int(words[1]) for words in sizes if words[0].startswith("Private_")) << 10
            )
            cpu[pid] = sum(map(int, stat.split()[11:15])) / _TICKS
        return Sample(time.monotonic() - self._start_time, pss, uss, cpu)

    @property
    def long_lived(self) -> list[int]:
        """Processes that run almost all the time: the command, its judges and their zygotes."""
        half = self.samples[len(self.samples) // 2 :]
        pids = {pid for sample in half for pid in sample.pss}
        fewest = _LONG_LIVED * len(half)
        return sorted(p for p in pids if sum(p in sample.uss for sample in half) >= fewest)

    @property
    def cpu(self) -> float:
        """Seconds of CPU time, including that of workers that their zygotes have waited for."""
        return sum(self.cpu_of(pid) for pid in self.long_lived)

    def cpu_of(self, pid: int) -> float:
        """Return the seconds of CPU time of a process and its children that have ended."""
        return max(sample.cpu.get(pid, 0.0) for sample in self.samples)

    def quarters(self) -> dict[str, float]:
        """Return the peak, and medians of the first and last quarter after startup, in MiB."""
        long_lived = self.long_lived
        samples = [each for each in self.samples if set(long_lived) <= set(each.uss)]
        size = max(1, len(samples) // 4)
        numbers: dict[str, float] = {}
        for name, part in (("first", samples[:size]), ("last", samples[-size:])):
            total = statistics.median(sum(each.pss.values()) for each in part)
            private = statistics.median(sum(each.uss[p] for p in long_lived) for each in part)
            numbers[f"{name}_quarter_mib"] = round(total / 2**20, 1)
            numbers[f"{name}_quarter_long_lived_mib"] = round(private / 2**20, 1)
        peak = max(sum(each.pss.values()) for each in self.samples)
        return {**numbers, "peak_mib": round(peak / 2**20, 1), "samples": len(self.samples)}
