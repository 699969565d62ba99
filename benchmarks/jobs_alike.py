"""Show that judges side by side never disturb a verdict: --jobs 1 against --jobs 2, over and over.

    python benchmarks/jobs_alike.py [NAME ...] [--repetitions 20] [--chapter C ...] [--untimed 4]

The class holds, for every exercise that is judged by the clock, its solution and its nearest speed
trap (the one that comes closest to the threshold), and answers to exercises that are not. Each
repetition has a seed of its own and grades the class by one judge and by two; state and failing
axes of each answer have to be the same. The two ways take turns, so that both meet the same load.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from synthetic_class import CHAPTERS, NOWHERE, ROOT, Sample, decks

from torchkata.course.catalogue import Course, Exercise
from torchkata.course.spec.budgets import Speedup
from torchkata.instructor.gradebook.local_pool import graded
from torchkata.instructor.gradebook.task import Outcome, Task

_ROUNDS = 4  # of either way in turn; a pool of judges takes seconds to start
Verdict = tuple[str, tuple[str, ...]]
"""State and failing axes."""


@dataclass(kw_only=True)
class Way:
    """What so many judges found, and how long they took."""

    jobs: int
    seconds: float = 0.0
    racing: float = 0.0
    verdicts: dict[tuple[str, int], Verdict] = field(default_factory=dict)
    stories: dict[tuple[str, int], str] = field(default_factory=dict)

    def grade(self, course: Course, samples: dict[str, Sample], seeds: Sequence[int]) -> None:
        """Grade every sample once on the inputs of each seed."""
        tasks = [
            Task(
                learner=f"{name} {seed}", exercise_id=sample.exercise_id, source=sample.source.encode(),
                file=course.one(sample.exercise_id).stub.name, seed=seed, key="",
            )
            for seed in seeds
            for name, sample in samples.items()
        ]  # fmt: skip
        start = time.monotonic()
        for outcome in graded(course, tasks, jobs=self.jobs):
            name, _, seed = outcome.task.learner.rpartition(" ")
            self.verdicts[name, int(seed)] = verdict_of(outcome)
            self.stories[name, int(seed)] = story(outcome)
            self.racing += sum(
                check.figures.get("seconds_to_decide", 0) for check in outcome.result.checks
            )
        self.seconds += time.monotonic() - start


def verdict_of(outcome: Outcome) -> Verdict:
    """What has to be equal."""
    return outcome.state, tuple(sorted({check.axis for check in outcome.result.failed}))


def story(outcome: Outcome) -> str:
    """Everything that did not pass, in words."""
    open_checks = [check for check in outcome.result.checks if check.verdict != "passed"]
    told = [f"{check.id}: {check.verdict}: {check.message}" for check in open_checks]
    return " | ".join([f"tries {outcome.tries}", outcome.result.message, *told])


def is_timed(exercise: Exercise) -> bool:
    """Whether a verdict of it hangs on the clock."""
    functions = exercise.grader.spec.functions
    return any(isinstance(budget, Speedup) for each in functions for budget in each.budget)


def the_class(course: Course, exercises: Sequence[Exercise], untimed: int) -> dict[str, Sample]:
    """Solutions and nearest speed traps of timed exercises, and so many answers to others."""
    timed = {exercise.id for exercise in exercises if is_timed(exercise)}
    found = decks(exercises, NOWHERE)
    chosen = [s for s in found["solution"] if s.exercise_id in timed]
    speed = [s for s in found["trap"] if s.exercise_id in timed and s.axis == "speed"]
    chosen += nearest(course, speed)
    others = [s for kind in ("solution", "trap") for s in found[kind] if s.exercise_id not in timed]
    chosen += others[:: max(1, len(others) // untimed)][:untimed] if untimed else []
    return {f"{s.exercise_id} {s.name or s.kind}": s for s in chosen}


def nearest(course: Course, traps: Sequence[Sample]) -> list[Sample]:
    """Of each exercise's speed traps the one that comes nearest to the threshold, by one race."""
    by_exercise = defaultdict(list)
    for trap in traps:
        by_exercise[trap.exercise_id].append(trap)
    several = [trap for traps in by_exercise.values() if len(traps) > 1 for trap in traps]
    way = Way(jobs=1)
    shares: dict[str, float] = {}
    names = {f"{trap.exercise_id} {trap.name}": trap for trap in several}
    tasks = [
        Task(
            learner=name, exercise_id=trap.exercise_id, source=trap.source.encode(),
            file=course.one(trap.exercise_id).stub.name, seed=1, key="",
        )
        for name, trap in names.items()
    ]  # fmt: skip
    for outcome in graded(course, tasks, jobs=way.jobs) if tasks else ():
        races = [c.figures for c in outcome.result.checks if c.figures.get("threshold")]
        missed = [f["ratio"] / f["threshold"] for f in races if f["ratio"] < f["threshold"]]
        shares[outcome.task.learner] = max(missed, default=0.0)
    return [
        max(traps, key=lambda trap: shares.get(f"{trap.exercise_id} {trap.name}", 0.0))
        for traps in by_exercise.values()
    ]


def table(samples: dict[str, Sample], one: Way, two: Way, seeds: Sequence[int]) -> int:
    """Print a row per answer; return how many pairs of verdicts differ."""
    print("| answer | expected | --jobs 1 | --jobs 2 | differ |")
    print("|---|---|---|---|---|")
    differing = 0
    for name, sample in samples.items():
        pairs = [(one.verdicts[name, seed], two.verdicts[name, seed]) for seed in seeds]
        differ = [
            seed for seed, (first, second) in zip(seeds, pairs, strict=True) if first != second
        ]
        differing += len(differ)
        columns = [_counted(pair[way] for pair in pairs) for way in (0, 1)]
        asked = " ".join(filter(None, (sample.state, sample.axis)))
        print(f"| {name} | {asked} | {columns[0]} | {columns[1]} | {len(differ)} |")
        for seed in differ:
            for way in (one, two):
                print(f"  seed {seed}, --jobs {way.jobs}: {way.stories[name, seed]}")
    return differing


def _counted(verdicts: object) -> str:
    counts = Counter(f"{state} {' '.join(axes)}".strip() for state, axes in verdicts)  # type: ignore[attr-defined]
    return ", ".join(f"{count} x {name}" for name, count in counts.items())


def main() -> None:
    """Grade both ways and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises; chapters 1 to 4 else")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--chapter", action="append", default=[])
    parser.add_argument("--untimed", type=int, default=4, help="answers that no clock judges")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    course = Course(ROOT)
    names, chapters = tuple(options.names), tuple(options.chapter)
    exercises = course.select(names, chapters or (() if names else CHAPTERS))
    samples = the_class(course, exercises, options.untimed)
    seeds = range(1, options.repetitions + 1)
    one, two = Way(jobs=1), Way(jobs=2)
    for turn in range(min(_ROUNDS, len(seeds))):
        for way in (one, two) if turn % 2 == 0 else (two, one):
            way.grade(course, samples, seeds[turn::_ROUNDS])
    differing = table(samples, one, two, seeds)
    count = len(samples) * len(seeds)
    numbers = {
        "answers": len(samples),
        "repetitions": len(seeds),
        "pairs_of_verdicts": count,
        "differing": differing,
        "undecided": [
            sum(state == "unmeasurable" for state, _ in way.verdicts.values()) for way in (one, two)
        ],
        "seconds_per_answer": [round(way.seconds / count, 3) for way in (one, two)],
        "race_seconds_per_answer": [round(way.racing / count, 3) for way in (one, two)],
        "gain": round(one.seconds / two.seconds, 2),
    }
    for name, value in numbers.items():
        print(f"| {name} | {value} |")
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
