"""Measure what grading at scale is made of, and compute hours for cores, for docs/scale.md.

    python benchmarks/scale.py [--learners 10000] [--json FILE]

It grades the solution of every exercise (seconds, races, memory of a judge), reads hand-ins, writes
and reads verdicts, and sends tasks through a local Dask cluster to nodes that answer at once. A
judge keeps to one core, so so many cores have so many judges, and half as many slots at the clock.
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

from process_watch import Watch
from synthetic_class import ROOT, decks, hand_in, whole

from torchkata.course.catalogue import Course
from torchkata.instructor.course_bundle import course_files, pack
from torchkata.instructor.gradebook import dask_cluster, grade_class
from torchkata.instructor.gradebook.db import Book
from torchkata.instructor.gradebook.grade_class import FILE
from torchkata.instructor.gradebook.local_pool import graded
from torchkata.instructor.gradebook.task import Outcome, Task, key_of
from torchkata.instructor.intake.submissions import collect

_LEARNERS = 100  # whose hand-ins are read
_WRITES = 2_000
_MESSAGES = 2_000
_CORES = (2, 8, 16, 32, 64, 128, 256, 512, 1024)
Figures = dict[str, float]


def judging(course: Course) -> tuple[Figures, list[Outcome]]:
    """Grade every solution once by one judge, in a process of its own."""
    tasks = [
        Task(
            learner="someone", exercise_id=exercise.id, source=exercise.solution_path.read_bytes(),
            file=exercise.stub_path.name, seed=1, key="",
        )
        for exercise in course.exercises
    ]  # fmt: skip
    list(graded(course, tasks[:1], jobs=1))  # the disk's cache is warm from now on
    watch = Watch(os.getpid(), 0.5)
    watch.start()
    outcomes = list(graded(course, tasks, jobs=1))
    watch.stop()
    judge = [sum(size for pid, size in k.shared.items() if pid != os.getpid()) for k in watch.looks]
    seconds = {each.task.exercise_id: each.result.seconds for each in outcomes}
    races = sum(
        check.figures.get("seconds_to_decide", 0) for o in outcomes for check in o.result.checks
    )
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:5]
    print("slowest:", ", ".join(f"{name} {value:.1f} s" for name, value in slowest))
    print("states:", ", ".join(sorted({each.state for each in outcomes})))
    figures: Figures = {
        "exercises": len(tasks),
        "set_seconds": sum(seconds.values()),
        "set_cpu_seconds": watch.cpu - watch.cpu_of(os.getpid()),
        "set_race_seconds": races,
        "judge_peak_mib": max(judge) / 2**20,
        "judge_median_mib": sorted(judge)[len(judge) // 2] / 2**20,
    }
    return figures, outcomes


def intake(course: Course, folder: Path) -> Figures:
    """Read the hand-ins of a class in which everybody answers everything."""
    found = decks(course.exercises, {})
    expected = hand_in(folder, whole(found, _LEARNERS))
    before, start = _own_bytes(), time.monotonic()
    handins = collect(course, folder / "class")
    seconds = time.monotonic() - start
    held = _own_bytes() - before
    sources = [a.source or b"" for each in handins for a in each.answers.values()]
    start = time.monotonic()
    for source in sources:
        key_of(source, "a digest")
    return {
        "intake_files_per_second": len(expected) / seconds,
        "intake_bytes_per_answer": held / len(expected),
        "source_bytes": sum(map(len, sources)) / len(sources),
        "keys_per_second": len(sources) / (time.monotonic() - start),
    }


def book(outcomes: list[Outcome], folder: Path) -> Figures:
    """Write verdicts one by one, as a run does, and read them back, as the tables do."""
    file = folder / FILE
    kept = Book(file)
    start = time.monotonic()
    for number in range(_WRITES):
        outcome = outcomes[number % len(outcomes)]
        kept.write(replace(outcome, task=replace(outcome.task, learner=f"learner{number}")), 1.0)
    writing = time.monotonic() - start
    start = time.monotonic()
    rows = sum(1 for _row in kept.rows())
    reading = time.monotonic() - start
    kept.close()
    return {
        "writes_per_second": _WRITES / writing,
        "reads_per_second": rows / reading,
        "row_bytes": file.stat().st_size / rows,
    }


def scheduler(course: Course, outcomes: list[Outcome]) -> Figures:
    """Send tasks to two nodes that answer at once."""
    longest = max(outcomes, key=lambda each: len(pickle.dumps(each)))
    tasks = [replace(longest.task, learner=f"learner{n}") for n in range(_MESSAGES)]

    def instant(_name: str, _data: bytes, task: Task) -> Outcome:
        return replace(longest, task=task)

    honest, dask_cluster.grade_on_node = dask_cluster.grade_on_node, instant
    try:
        with dask_cluster.connected(dask_cluster.LOCAL, 2) as client:
            start = time.monotonic()
            count = sum(1 for _outcome in dask_cluster.graded_on(client, course, tasks))
            seconds = time.monotonic() - start
    finally:
        dask_cluster.grade_on_node = honest
    return {
        "messages_per_second": count / seconds,
        "task_bytes": sum(len(pickle.dumps(each.task)) for each in outcomes) / len(outcomes),
        "outcome_bytes": sum(len(pickle.dumps(each)) for each in outcomes) / len(outcomes),
        "course_bytes": len(pack(course_files(course))),
    }


def equal_files(course: Course, outcomes: list[Outcome], folder: Path) -> Figures:
    """What an answer costs whose equal was judged already: a row of the book."""
    by_exercise = {each.task.exercise_id: each for each in outcomes}
    for path in (folder / "class").rglob("*.py"):  # the class of `intake`, made equal
        path.write_bytes(by_exercise[f"{path.parent.name}/{path.stem}"].task.source)
    judged = 0

    def known(_course: Course, tasks: Iterable[Task]) -> Iterator[Outcome]:
        nonlocal judged
        for task in tasks:
            judged += 1
            yield replace(by_exercise[task.exercise_id], task=task)

    start = time.monotonic()
    run = grade_class(course, folder / "class", folder / "out", grader=known)
    seconds = time.monotonic() - start
    return {
        "equal_answers": run.answers,
        "equal_judged": judged,
        "equal_seconds_per_answer": seconds / run.answers,
    }


def _own_bytes() -> int:
    text = Path("/proc/self/statm").read_text(encoding="ascii")
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def hours(figures: Figures, learners: int) -> None:
    """Print cores against hours: processor time, judging as it was timed now, the clock's slots."""
    spent = [learners * figures[f"set_{name}"] / 3600 for name in ("cpu_seconds", "seconds")]
    racing = learners * figures["set_race_seconds"] / 3600
    print("| cores | slots | hours of processor time | hours as timed now | slots alone |")
    print("|---|---|---|---|---|")
    for cores in _CORES:
        columns = [*(each / cores for each in spent), racing / (cores / 2)]
        print(f"| {cores} | {cores // 2} | {' | '.join(f'{each:,.1f}' for each in columns)} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    course = Course(ROOT)
    figures, outcomes = judging(course)
    with tempfile.TemporaryDirectory(prefix="torchkata-scale-") as name:
        folder = Path(name)
        figures |= intake(course, folder)
        figures |= book(outcomes, folder / "book")
        figures |= equal_files(course, outcomes, folder)
        figures |= scheduler(course, outcomes)
    for key, value in figures.items():
        print(f"| {key} | {value:,.3g} |" if value < 100 else f"| {key} | {value:,.0f} |")
    answers = options.learners * figures["exercises"]
    for key in ("writes_per_second", "reads_per_second", "messages_per_second",
                "intake_files_per_second"):  # fmt: skip
        print(f"{answers:,.0f} answers at {key}: {answers / figures[key] / 3600:.2f} h")
    hours(figures, options.learners)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
