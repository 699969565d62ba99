"""Print what grading costs: all solutions, one exercise through nox, one in a warm judge, memory.

Run it on a quiet machine: `python benchmarks/grading.py [--nox] [--rounds N] [--busy]`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torchkata.course.catalogue import Course, Exercise
from torchkata.grading.grade import Settings, grade_one, read
from torchkata.grading.run import random_seed
from torchkata.result import State, Verdict
from torchkata.sandbox.launcher import Launcher

ROOT = Path(__file__).resolve().parents[1]
SPIN = "while True: pass"


def resident(pid: int) -> int:
    """Bytes of memory that a process and its descendants hold (proportional shares on Linux)."""
    total = 0
    for process in [pid, *descendants(pid)]:
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in text.splitlines() if "Pss:" in line) * 1024
    return total


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found: list[int] = []
    frontier = [pid]
    while frontier:
        frontier = [child for child, parent in parents.items() if parent in frontier]
        found += frontier
    return found


@contextmanager
def company(busy: int) -> Iterator[None]:
    """Keep so many cores busy meanwhile."""
    spinners = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(busy)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()


class PeakMemory(threading.Thread):
    """Watches the memory of this process and everything below it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.stop = threading.Event()

    def run(self) -> None:
        """Look twice a second."""
        while not self.stop.wait(0.5):
            self.peak = max(self.peak, resident(os.getpid()))


def grade_all(
    exercises: tuple[Exercise, ...], launcher: Launcher
) -> tuple[float, Counter[str], list[str], list[float]]:
    """Grade every solution once: seconds, states, undecided checks, seconds per speed verdict."""
    start = time.monotonic()
    states: Counter[str] = Counter()
    undecided: list[str] = []
    verdicts: list[float] = []
    settings = Settings(seed=random_seed())
    for exercise in exercises:
        result = grade_one(exercise, read(exercise.solution_path), launcher, settings)
        states[result.state] += 1
        for check in result.checks:
            if "seconds_to_decide" in check.figures:
                verdicts.append(check.figures["seconds_to_decide"])
            if check.verdict is not Verdict.PASSED:
                undecided.append(f"{check.verdict}: {check.id}: {check.message}")
    return time.monotonic() - start, states, undecided, verdicts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often all solutions are graded")
    parser.add_argument("--chapter", action="append", default=[], help="all when none is named")
    parser.add_argument("--busy", action="store_true", help="keep two cores busy meanwhile")
    parser.add_argument("--nox", action="store_true", help="time one exercise through nox too")
    options = parser.parse_args()
    exercises = Course(ROOT).select((), tuple(options.chapter))
    memory = PeakMemory()
    memory.start()
    try:
        with company(2 * options.busy), Launcher() as launcher:
            launcher.worker().close()
            speeds: list[float] = []
            for turn in range(options.rounds):
                seconds, states, undecided, verdicts = grade_all(exercises, launcher)
                speeds += verdicts
                named = ", ".join(f"{count} {state}" for state, count in states.items())
                print(f"round {turn + 1}: {seconds:.1f} s, {named}", flush=True)
                for line in undecided:
                    print(f"  {line}", flush=True)
            warm(exercises, launcher)
            ordered = sorted(speeds)
            print(
                f"speed verdicts: {len(speeds)}, median {statistics.median(speeds):.2f} s, "
                f"p95 {ordered[int(0.95 * (len(ordered) - 1))]:.2f} s"
            )
    finally:
        memory.stop.set()
    print(f"judge and workers together: {memory.peak / 2**20:,.0f} MiB at the peak")
    if options.nox:
        through_nox()


def warm(exercises: tuple[Exercise, ...], launcher: Launcher) -> None:
    """Grade each exercise three times in a warm judge."""
    times = []
    for exercise in exercises:
        for _ in range(3):
            start = time.monotonic()
            result = grade_one(
                exercise, read(exercise.solution_path), launcher, Settings(seed=random_seed())
            )
            assert result.state in (State.PASSED, State.UNMEASURABLE), result.message
            times.append(time.monotonic() - start)
    print(f"one exercise in a warm judge: median {statistics.median(times):.2f} s")


def through_nox() -> None:
    """Time `nox -s grade -- row_sum_fast`, after set-up."""
    times = []
    for _ in range(4):
        start = time.monotonic()
        subprocess.run(
            ["nox", "-s", "grade", "--", "row_sum_fast", "--exercises", "solutions"],
            cwd=ROOT, capture_output=True, check=True,
        )  # fmt: skip
        times.append(time.monotonic() - start)
    print(f"one exercise through nox: {', '.join(f'{each:.1f}' for each in times[1:])} s")


if __name__ == "__main__":
    main()
