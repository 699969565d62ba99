"""Show that parallel judges do not change verdicts: --jobs 1 against --jobs 2, repeatedly.

    python benchmarks/jobs_alike.py [NAME ...] [--repetitions 20] [--chapter C ...] [--untimed 4]

The class contains, for every exercise with a speed budget, its solution and its nearest speed trap
(the one closest to the threshold), and some samples of other exercises. Each repetition has its own
seed and is graded by one judge and by two. State and failed axes of each sample must be the same.
The two take turns, so that both run under the same load.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samples import ROOT
from synthetic_class import CHAPTERS, NO_TARGETS, Sample, all_samples

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.spec.budgets import Speedup
from torchkata.instructor.gradebook.local_pool import grade_in_pool
from torchkata.instructor.gradebook.task import Outcome, Task

_TURNS = 4  # a pool of judges takes seconds to start
Verdict = tuple[str, tuple[str, ...]]
"""State and failed axes."""


@dataclass(kw_only=True)
class Grading:
    """The verdicts of so many judges, and the time that they took."""

    jobs: int
    seconds: float = 0.0
    race_seconds: float = 0.0
    verdicts: dict[tuple[str, int], Verdict] = field(default_factory=dict)
    descriptions: dict[tuple[str, int], str] = field(default_factory=dict)

    def grade(self, course: Course, samples: dict[str, Sample], seeds: Sequence[int]) -> None:
        """Grade every sample once on the inputs of each seed."""
        tasks = [
            make_task(course, sample, f"{name} {seed}", seed)
            for seed in seeds
            for name, sample in samples.items()
        ]
        start = time.monotonic()
        for outcome in grade_in_pool(course, tasks, jobs=self.jobs):
            name, _space, seed = outcome.task.learner.rpartition(" ")
            self.verdicts[name, int(seed)] = verdict_of(outcome)
            self.descriptions[name, int(seed)] = describe(outcome)
            self.race_seconds += sum(
                check.metrics.get("seconds_to_decide", 0) for check in outcome.result.checks
            )
        self.seconds += time.monotonic() - start


def make_task(course: Course, sample: Sample, learner: str, seed: int) -> Task:
    """Return the task of grading a sample."""
    return Task(
        learner=learner,
        exercise_id=sample.exercise_id,
        source=sample.source.encode(),
        file=course.one(sample.exercise_id).stub_path.name,
        seed=seed,
        key="",
    )


def verdict_of(outcome: Outcome) -> Verdict:
    """Return the part of an outcome that must not vary."""
    return outcome.state, tuple(sorted({check.axis for check in outcome.result.failed}))


def describe(outcome: Outcome) -> str:
    """Describe everything that did not pass."""
    not_passed = [check for check in outcome.result.checks if check.verdict != "passed"]
    lines = [f"{check.id}: {check.verdict}: {check.message}" for check in not_passed]
    return " | ".join([f"tries {outcome.tries}", str(outcome.result.message), *lines])


def is_timed(exercise: Exercise) -> bool:
    """Return whether an exercise has a speed budget."""
    functions = exercise.spec.functions
    return any(isinstance(budget, Speedup) for each in functions for budget in each.budget)


def choose_samples(
    course: Course, exercises: Sequence[Exercise], untimed: int
) -> dict[str, Sample]:
    """Return solutions and nearest speed traps of timed exercises, and some other samples."""
    timed = {exercise.id for exercise in exercises if is_timed(exercise)}
    by_kind = all_samples(exercises, NO_TARGETS)
    chosen = [s for s in by_kind["solution"] if s.exercise_id in timed]
    speed = [s for s in by_kind["trap"] if s.exercise_id in timed and s.axis == "speed"]
    chosen += nearest_traps(course, speed)
    kinds = ("solution", "trap")
    others = [s for kind in kinds for s in by_kind[kind] if s.exercise_id not in timed]
    chosen += others[:: max(1, len(others) // untimed)][:untimed] if untimed else []
    return {f"{s.exercise_id} {s.name or s.kind}": s for s in chosen}


def nearest_traps(course: Course, traps: Sequence[Sample]) -> list[Sample]:
    """Return the speed trap of each exercise that is closest to the threshold, by one race."""
    by_exercise = defaultdict(list)
    for trap in traps:
        by_exercise[trap.exercise_id].append(trap)
    several = {
        f"{trap.exercise_id} {trap.name}": trap
        for group in by_exercise.values()
        if len(group) > 1
        for trap in group
    }
    shares: dict[str, float] = {}
    tasks = [make_task(course, trap, name, 1) for name, trap in several.items()]
    for outcome in grade_in_pool(course, tasks, jobs=1) if tasks else ():
        races = [c.metrics for c in outcome.result.checks if c.metrics.get("threshold")]
        missed = [m["ratio"] / m["threshold"] for m in races if m["ratio"] < m["threshold"]]
        shares[outcome.task.learner] = max(missed, default=0.0)
    return [
        max(group, key=lambda trap: shares.get(f"{trap.exercise_id} {trap.name}", 0.0))
        for group in by_exercise.values()
    ]


def print_table(
    samples: dict[str, Sample], one: Grading, two: Grading, seeds: Sequence[int]
) -> int:
    """Print a row per sample, and return how many pairs of verdicts differ."""
    print("| sample | expected | --jobs 1 | --jobs 2 | differ |")
    print("|---|---|---|---|---|")
    total = 0
    for name, sample in samples.items():
        differing = [s for s in seeds if one.verdicts[name, s] != two.verdicts[name, s]]
        total += len(differing)
        columns = [
            _counts(grading.verdicts[name, seed] for seed in seeds) for grading in (one, two)
        ]
        expected = " ".join(filter(None, (sample.state, sample.axis)))
        print(f"| {name} | {expected} | {columns[0]} | {columns[1]} | {len(differing)} |")
        for seed in differing:
            for grading in (one, two):
                description = grading.descriptions[name, seed]
                print(f"  seed {seed}, --jobs {grading.jobs}: {description}")
    return total


def _counts(verdicts: Iterable[Verdict]) -> str:
    counts = Counter(f"{state} {' '.join(axes)}".strip() for state, axes in verdicts)
    return ", ".join(f"{count} x {name}" for name, count in counts.items())


def main() -> None:
    """Grade with one judge and with two, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="(default: chapters 1 to 4)")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--chapter", action="append", default=[])
    parser.add_argument("--untimed", type=int, default=4, help="samples without a speed budget")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    course = Course(ROOT)
    names, chapters = tuple(options.names), tuple(options.chapter)
    exercises = course.select(names, chapters or (() if names else CHAPTERS))
    samples = choose_samples(course, exercises, options.untimed)
    seeds = range(1, options.repetitions + 1)
    one, two = Grading(jobs=1), Grading(jobs=2)
    for turn in range(min(_TURNS, len(seeds))):
        for grading in (one, two) if turn % 2 == 0 else (two, one):
            grading.grade(course, samples, seeds[turn::_TURNS])
    differing = print_table(samples, one, two, seeds)
    count = len(samples) * len(seeds)
    both = (one, two)
    metrics = {
        "samples": len(samples),
        "repetitions": len(seeds),
        "pairs_of_verdicts": count,
        "differing": differing,
        "undecided": [
            sum(state == "unmeasurable" for state, _axes in grading.verdicts.values())
            for grading in both
        ],
        "seconds_per_sample": [round(grading.seconds / count, 3) for grading in both],
        "race_seconds_per_sample": [round(grading.race_seconds / count, 3) for grading in both],
        "gain": round(one.seconds / two.seconds, 2),
    }
    for name, value in metrics.items():
        print(f"| {name} | {value} |")
    if options.json:
        options.json.write_text(json.dumps(metrics, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
