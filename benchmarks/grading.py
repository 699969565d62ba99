"""Print what grading costs: all solutions, one exercise through nox or in a warm judge, memory.

    python benchmarks/grading.py [--nox] [--rounds N] [--chapter C ...] [--busy]

Run it on an idle machine.
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

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.grading.grade import Settings, grade_one, read_submission
from torchkata.grading.seeds import random_seed
from torchkata.result import State, Verdict
from torchkata.sandbox.launcher import Launcher

ROOT = Path(__file__).resolve().parents[1]
BUSY_LOOP = "while True: pass"


def resident(pid: int) -> int:
    """Return the bytes of memory of a process and its descendants (PSS, on Linux)."""
    total = 0
    for process in [pid, *descendants(pid)]:
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in text.splitlines() if "Pss:" in line) * 1024
    return total


def descendants(pid: int) -> list[int]:
    """Return all descendants of a process."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    pids: list[int] = []
    frontier = [pid]
    while frontier:
        frontier = [child for child, parent in parents.items() if parent in frontier]
        pids += frontier
    return pids


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Keep so many cores busy inside the context."""
    processes = [subprocess.Popen([sys.executable, "-c", BUSY_LOOP]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()


class PeakMemory(threading.Thread):
    """Records the peak memory of this process and its descendants."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.stop = threading.Event()

    def run(self) -> None:
        """Measure twice a second."""
        while not self.stop.wait(0.5):
            self.peak = max(self.peak, resident(os.getpid()))


def grade_all(
    exercises: tuple[Exercise, ...], launcher: Launcher
) -> tuple[float, Counter[str], list[str], list[float]]:
    """Grade every solution once.

    Returns:
        Seconds, states, checks that did not pass, and seconds per speed verdict.
    """
    start = time.monotonic()
    states: Counter[str] = Counter()
    not_passed: list[str] = []
    speed_seconds: list[float] = []
    settings = Settings(seed=random_seed())
    for exercise in exercises:
        submission = read_submission(exercise.solution_path)
        result = grade_one(exercise, submission, launcher, settings)
        states[result.state] += 1
        for check in result.checks:
            if "seconds_to_decide" in check.metrics:
                speed_seconds.append(check.metrics["seconds_to_decide"])
            if check.verdict is not Verdict.PASSED:
                not_passed.append(f"{check.verdict}: {check.id}: {check.message}")
    return time.monotonic() - start, states, not_passed, speed_seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often to grade all solutions")
    parser.add_argument("--chapter", action="append", default=[], help="(default: all)")
    parser.add_argument("--busy", action="store_true", help="keep two cores busy")
    parser.add_argument("--nox", action="store_true", help="also time one exercise through nox")
    options = parser.parse_args()
    exercises = Course(ROOT).select((), tuple(options.chapter))
    memory = PeakMemory()
    memory.start()
    try:
        with busy_cores(2 * options.busy), Launcher() as launcher:
            launcher.worker().close()
            speed_seconds: list[float] = []
            for number in range(1, options.rounds + 1):
                seconds, states, not_passed, new_seconds = grade_all(exercises, launcher)
                speed_seconds += new_seconds
                counts = ", ".join(f"{count} {state}" for state, count in states.items())
                print(f"round {number}: {seconds:.1f} s, {counts}", flush=True)
                for line in not_passed:
                    print(f"  {line}", flush=True)
            time_warm_judge(exercises, launcher)
            ordered = sorted(speed_seconds)
            print(
                f"speed verdicts: {len(ordered)}, median {statistics.median(ordered):.2f} s, "
                f"p95 {ordered[int(0.95 * (len(ordered) - 1))]:.2f} s"
            )
    finally:
        memory.stop.set()
    print(f"peak memory of judge and workers together: {memory.peak / 2**20:,.0f} MiB")
    if options.nox:
        time_nox()


def time_warm_judge(exercises: tuple[Exercise, ...], launcher: Launcher) -> None:
    """Grade each exercise three times in a warm judge and print the median time."""
    times = []
    for exercise in exercises:
        for _ in range(3):
            start = time.monotonic()
            submission = read_submission(exercise.solution_path)
            result = grade_one(exercise, submission, launcher, Settings(seed=random_seed()))
            assert result.state in (State.PASSED, State.UNMEASURABLE), str(result.message)
            times.append(time.monotonic() - start)
    print(f"one exercise in a warm judge: median {statistics.median(times):.2f} s")


def time_nox() -> None:
    """Time `nox -s grade -- row_sum_fast`; the first run, which installs, does not count."""
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
