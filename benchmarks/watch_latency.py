"""Print what watching costs: save to verdict, start to first verdict, memory while idle.

Run it on a quiet machine: `python benchmarks/watch_latency.py [--saves N]`. It needs pyte, and
judges in a copy of the course.
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
PAUSE = 0.7  # seconds between a verdict and the next save: nobody types faster


def copy(folder: Path) -> Path:
    """A course of one's own."""
    for name in ("exercises", "solutions", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("engine"))
    return folder


def judging(terminal: Terminal) -> bool:
    """Whether a verdict is on its way."""
    return "judging" in terminal.text


def stub(course: Path, name: str) -> tuple[Path, str]:
    """The learner's file of an exercise, and the reference's text."""
    solution = next((course / "solutions").glob(f"*/[0-9][0-9]_{name}.py"))
    return course / "exercises" / solution.relative_to(course / "solutions"), solution.read_text()


def saves(course: Path, name: str, count: int) -> tuple[list[float], int]:
    """Seconds from the end of writing to the verdict on the screen; and the idle memory."""
    file, text = stub(course, name)
    times = []
    with watching(course, name, size=(100, 40)) as terminal:
        terminal.wait("judged at once", 60)
        file.write_text(text)
        terminal.wait("Passed.", 60)
        for turn in range(count):
            terminal.pump(PAUSE)
            shown = len(terminal.raw)
            file.write_text(f"{text}\n# {turn}\n")
            start = time.perf_counter()
            terminal.wait(lambda shown=shown: b"judging" in terminal.raw[shown:], 60)
            terminal.wait(lambda: not judging(terminal), 60)
            times.append(time.perf_counter() - start)
            if "Passed." not in terminal.text and "Press Enter" not in terminal.text:
                raise SystemExit(f"{name}: the reference does not pass:\n{terminal.text}")
        terminal.pump(1.5)
        memory = resident(terminal.process.pid)
        terminal.send("q")
        terminal.ended()
    return times, memory


def first_verdict(course: Path, name: str) -> float:
    """Seconds from the command to the verdict of a file that was written before."""
    file, text = stub(course, name)
    file.write_text(text)
    start = time.perf_counter()
    with watching(course, name, size=(100, 40)) as terminal:
        terminal.wait(lambda: "Passed." in terminal.text, 60)
        return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--saves", type=int, default=50, help="of five exercises together")
    options = parser.parse_args()
    print(f"load at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    memories = []
    with tempfile.TemporaryDirectory() as folder:
        course = copy(Path(folder))
        for title, names in (("without a speed check", PLAIN), ("with one", TIMED)):
            times: list[float] = []
            for name in names:
                these, memory = saves(course, name, options.saves // len(names))
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
