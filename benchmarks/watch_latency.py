"""Print the cost of watching: save to verdict, start to first verdict, memory while idle.

Run it on a quiet machine: `python benchmarks/watch_latency.py [--saves N]`. It needs pyte, and
grades in a copy of the course.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "engine"), str(ROOT / "benchmarks")]

from grading import resident  # noqa: E402
from terminals import Terminal, watching  # noqa: E402

PLAIN = ("make_tensors", "silent_sum", "submodules", "softmax", "autocast_step")
TIMED = ("row_sum_fast", "normalize_rows", "pairwise_distance", "segment_sum", "horner")
_GRADING = "grading"
PAUSE = 0.7  # seconds between a verdict and the next save; nobody types faster


def copy_course(folder: Path) -> Path:
    """Copy the course to a folder."""
    for name in ("exercises", "solutions", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("engine"))
    return folder


def is_grading(terminal: Terminal) -> bool:
    """Return whether a grading runs."""
    return _GRADING in terminal.text


def stub_and_solution(course: Path, name: str) -> tuple[Path, str]:
    """Return the learner's file of an exercise, and the source of the solution."""
    solution = next((course / "solutions").glob(f"*/[0-9][0-9]_{name}.py"))
    return course / "exercises" / solution.relative_to(course / "solutions"), solution.read_text()


def measure_saves(course: Path, name: str, count: int) -> tuple[list[float], int]:
    """Return the seconds from each save to the verdict on the screen, and the idle memory."""
    file, text = stub_and_solution(course, name)
    times = []
    with watching(course, name, size=(100, 40)) as terminal:
        terminal.wait("graded whenever you save", 60)
        file.write_text(text)
        terminal.wait("Passed.", 60)
        for number in range(count):
            terminal.pump(PAUSE)
            shown = len(terminal.raw)
            file.write_text(f"{text}\n# {number}\n")
            start = time.perf_counter()
            terminal.wait(lambda shown=shown: _GRADING.encode() in terminal.raw[shown:], 60)
            terminal.wait(lambda: not is_grading(terminal), 60)
            times.append(time.perf_counter() - start)
            if "Passed." not in terminal.text and "Press Enter" not in terminal.text:
                raise SystemExit(f"{name}: the solution does not pass:\n{terminal.text}")
        terminal.pump(1.5)
        memory = resident(terminal.process.pid)
        terminal.send("q")
        terminal.ended()
    return times, memory


def first_verdict(course: Path, name: str) -> float:
    """Return the seconds from the command to the verdict on an existing file."""
    file, text = stub_and_solution(course, name)
    file.write_text(text)
    start = time.perf_counter()
    with watching(course, name, size=(100, 40)) as terminal:
        terminal.wait(lambda: "Passed." in terminal.text, 60)
        return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--saves", type=int, default=50, help="total for five exercises")
    options = parser.parse_args()
    print(f"load at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    memories = []
    with tempfile.TemporaryDirectory() as folder:
        course = copy_course(Path(folder))
        for title, names in (("without a speed check", PLAIN), ("with a speed check", TIMED)):
            times: list[float] = []
            for name in names:
                these, memory = measure_saves(course, name, options.saves // len(names))
                times += these
                memories.append(memory)
                print(f"  {name}: median {statistics.median(these):.3f} s", flush=True)
            ordered = sorted(times)
            print(
                f"save to verdict, {title}: {len(times)} saves, median "
                f"{statistics.median(times):.3f} s, p95 {ordered[int(0.95 * len(ordered))]:.3f} s",
                flush=True,
            )
        starts = [first_verdict(course, name) for name in PLAIN]
        print(f"start to first verdict: median {statistics.median(starts):.2f} s")
    print(f"memory while idle: at most {max(memories) / 2**20:,.0f} MiB (proportional shares)")
    print(f"load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
