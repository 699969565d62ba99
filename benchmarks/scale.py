"""Measure the parts of grading at scale, and compute hours for numbers of cores, for docs/scale.md.

    python benchmarks/scale.py [--learners 10000] [--json FILE]

It grades the solution of every exercise (seconds, races, memory of a judge), reads submissions,
writes and reads verdicts, and sends tasks through a local Dask cluster to nodes that return
immediately. A judge is pinned to one core, so there are as many judges as cores, and half as many
timing slots.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from process_watch import ProcessWatch
from samples import ROOT
from synthetic_class import all_samples, deal_solutions, write_class

from torchkata.course import archive
from torchkata.course.catalogue import Course
from torchkata.instructor.course_bundle import course_files
from torchkata.instructor.gradebook import dask_cluster
from torchkata.instructor.gradebook.db import Gradebook
from torchkata.instructor.gradebook.grade_class import GRADEBOOK_FILE, grade_class
from torchkata.instructor.gradebook.local_pool import grade_in_pool
from torchkata.instructor.gradebook.task import Outcome, Task, cache_key
from torchkata.instructor.intake.submissions import collect

_LEARNERS = 100  # whose submissions are read
_WRITES = 2_000
_MESSAGES = 2_000
_CORES = (2, 8, 16, 32, 64, 128, 256, 512, 1024)
_RATES = (
    "writes_per_second", "reads_per_second", "messages_per_second", "intake_files_per_second",
)  # fmt: skip
Metrics = dict[str, float]


def measure_grading(course: Course) -> tuple[Metrics, list[Outcome]]:
    """Grade every solution once with one judge in a separate process."""
    tasks = [
        Task(
            learner="someone", exercise_id=exercise.id, source=exercise.solution_path.read_bytes(),
            file=exercise.stub_path.name, seed=1, key="",
        )
        for exercise in course.exercises
    ]  # fmt: skip
    list(grade_in_pool(course, tasks[:1], jobs=1))  # warms the disk cache
    watch = ProcessWatch(os.getpid(), 0.5)
    watch.start()
    outcomes = list(grade_in_pool(course, tasks, jobs=1))
    watch.stop()
    judge = [
        sum(size for pid, size in sample.pss.items() if pid != os.getpid())
        for sample in watch.samples
    ]
    seconds = {each.task.exercise_id: each.result.seconds for each in outcomes}
    races = sum(
        check.metrics.get("seconds_to_decide", 0) for o in outcomes for check in o.result.checks
    )
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:5]
    print("slowest:", ", ".join(f"{name} {value:.1f} s" for name, value in slowest))
    print("states:", ", ".join(sorted({each.state for each in outcomes})))
    metrics: Metrics = {
        "exercises": len(tasks),
        "set_seconds": sum(seconds.values()),
        "set_cpu_seconds": watch.cpu - watch.cpu_of(os.getpid()),
        "set_race_seconds": races,
        "judge_peak_mib": max(judge) / 2**20,
        "judge_median_mib": sorted(judge)[len(judge) // 2] / 2**20,
    }
    return metrics, outcomes


def measure_intake(course: Course, folder: Path) -> Metrics:
    """Read the submissions of a class in which everybody submits every exercise."""
    by_kind = all_samples(course.exercises, {})
    expected = write_class(folder, deal_solutions(by_kind, _LEARNERS))
    before, start = _memory(), time.monotonic()
    submissions = collect(course, folder / "class")
    seconds = time.monotonic() - start
    used = _memory() - before
    sources = [file.source or b"" for each in submissions for file in each.files.values()]
    start = time.monotonic()
    for source in sources:
        cache_key(source, "a digest")
    return {
        "intake_files_per_second": len(expected) / seconds,
        "intake_bytes_per_file": used / len(expected),
        "source_bytes": sum(map(len, sources)) / len(sources),
        "keys_per_second": len(sources) / (time.monotonic() - start),
    }


def measure_gradebook(outcomes: list[Outcome], folder: Path) -> Metrics:
    """Write verdicts one by one, as a run does, and read them, as the tables do."""
    file = folder / GRADEBOOK_FILE
    gradebook = Gradebook(file)
    start = time.monotonic()
    for number in range(_WRITES):
        outcome = outcomes[number % len(outcomes)]
        task = replace(outcome.task, learner=f"learner{number}")
        gradebook.store(replace(outcome, task=task), 1.0)
    writing = time.monotonic() - start
    start = time.monotonic()
    rows = sum(1 for _verdict in gradebook.verdicts())
    reading = time.monotonic() - start
    gradebook.close()
    return {
        "writes_per_second": _WRITES / writing,
        "reads_per_second": rows / reading,
        "row_bytes": file.stat().st_size / rows,
    }


def measure_scheduler(course: Course, outcomes: list[Outcome]) -> Metrics:
    """Send tasks to two nodes that return immediately."""
    longest = max(outcomes, key=lambda each: len(pickle.dumps(each)))
    tasks = [replace(longest.task, learner=f"learner{n}") for n in range(_MESSAGES)]

    def return_immediately(_name: str, _data: bytes, task: Task) -> Outcome:
        return replace(longest, task=task)

    original, dask_cluster.grade_on_node = dask_cluster.grade_on_node, return_immediately
    try:
        with dask_cluster.connect(dask_cluster.LOCAL, 2) as client:
            start = time.monotonic()
            count = sum(1 for _outcome in dask_cluster.grade_on(client, course, tasks))
            seconds = time.monotonic() - start
    finally:
        dask_cluster.grade_on_node = original
    return {
        "messages_per_second": count / seconds,
        "task_bytes": sum(len(pickle.dumps(each.task)) for each in outcomes) / len(outcomes),
        "outcome_bytes": sum(len(pickle.dumps(each)) for each in outcomes) / len(outcomes),
        "course_bytes": len(archive.create(course_files(course))),
    }


def measure_equal_files(course: Course, outcomes: list[Outcome], folder: Path) -> Metrics:
    """Measure the cost of a file that equals one that is already graded: a row of the gradebook."""
    by_exercise = {each.task.exercise_id: each for each in outcomes}
    for path in (folder / "class").rglob("*.py"):  # the class of `measure_intake`
        path.write_bytes(by_exercise[f"{path.parent.name}/{path.stem}"].task.source)
    graded = 0

    def look_up(_course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
        nonlocal graded
        for task in tasks:
            graded += 1
            yield replace(by_exercise[task.exercise_id], task=task)

    start = time.monotonic()
    run = grade_class(course, folder / "class", folder / "out", grade_tasks=look_up)
    seconds = time.monotonic() - start
    return {
        "equal_files": run.files,
        "equal_graded": graded,
        "equal_seconds_per_file": seconds / run.files,
    }


def _memory() -> int:
    text = Path("/proc/self/statm").read_text(encoding="ascii")
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def print_hours(metrics: Metrics, learners: int) -> None:
    """Print hours for numbers of cores: CPU time, wall time, and races alone."""
    hours = [learners * metrics[f"set_{name}"] / 3600 for name in ("cpu_seconds", "seconds")]
    race_hours = learners * metrics["set_race_seconds"] / 3600
    print("| cores | timing slots | hours of CPU time | hours of wall time | hours of races |")
    print("|---|---|---|---|---|")
    for cores in _CORES:
        columns = [*(each / cores for each in hours), race_hours / (cores / 2)]
        print(f"| {cores} | {cores // 2} | {' | '.join(f'{each:,.1f}' for each in columns)} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    course = Course(ROOT)
    metrics, outcomes = measure_grading(course)
    with tempfile.TemporaryDirectory(prefix="torchkata-scale-") as name:
        folder = Path(name)
        metrics |= measure_intake(course, folder)
        metrics |= measure_gradebook(outcomes, folder / "gradebook")
        metrics |= measure_equal_files(course, outcomes, folder)
        metrics |= measure_scheduler(course, outcomes)
    for key, value in metrics.items():
        print(f"| {key} | {value:,.3g} |" if value < 100 else f"| {key} | {value:,.0f} |")
    files = options.learners * metrics["exercises"]
    for key in _RATES:
        print(f"{files:,.0f} files at {key}: {files / metrics[key] / 3600:.2f} h")
    print_hours(metrics, options.learners)
    if options.json:
        options.json.write_text(json.dumps(metrics, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
