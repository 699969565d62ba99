"""Print every threshold with the values of the reference, the nearest trap and the alternatives.

    python benchmarks/margins.py [NAME ...] [--chapter C]

A margin is the factor by which the reference stays within a budget, or by which a trap misses it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.instructor.authoring.validate import Validator
from torchkata.result import ExerciseResult
from torchkata.sandbox.launcher import Launcher

ROOT = Path(__file__).resolve().parents[1]
AXES = ("speed", "ops", "memory")
Margins = dict[str, tuple[float, float, float]]
"""By check: the measured value, the threshold, and the margin (at least 1 is within the budget)."""


def margins(result: ExerciseResult) -> Margins:
    """Return the margins of all budgets of a result."""
    by_check: Margins = {}
    for check in result.checks:
        if check.axis not in AXES:
            continue
        metrics = check.metrics
        if "threshold" in metrics:
            ratio, threshold = metrics["ratio"], metrics["threshold"]
            by_check[check.id] = (ratio, threshold, ratio / threshold)
            continue
        for name, allowed in metrics.items():
            used = metrics.get(name.removesuffix("_allowed"))
            if name.endswith("_allowed") and used is not None:
                by_check[check.id] = (used, allowed, allowed / used if used else float("inf"))
    return by_check


def rows(validator: Validator, exercise: Exercise) -> Iterator[str]:
    """Yield a table row for each threshold of an exercise."""
    source = exercise.solution_path.read_bytes()
    reference = margins(validator.grade_sample(exercise, source))
    if not reference:
        return
    samples: dict[str, dict[str, Margins]] = {"TRAPS": {}, "ALTERNATIVES": {}}
    for kind, by_name in samples.items():
        for entry, names in exercise.solution_literal(kind, {}).items():
            for name in names:
                if kind == "ALTERNATIVES" or names[name] in AXES:
                    result = validator.grade_sample(exercise, source, {entry: name})
                    by_name[name] = margins(result)
    for check, (value, threshold, margin) in reference.items():
        traps = [(m[check][2], name) for name, m in samples["TRAPS"].items() if check in m]
        traps = [pair for pair in traps if pair[0] < 1]
        others = [(m[check][2], name) for name, m in samples["ALTERNATIVES"].items() if check in m]
        trap = "-" if not traps else f"{1 / max(traps)[0]:.3g}x ({max(traps)[1]})"
        other = "-" if not others else f"{min(others)[0]:.3g}x ({min(others)[1]})"
        yield f"| {check} | {threshold:g} | {value:.4g} | {margin:.3g}x | {trap} | {other} |"


def main() -> None:
    """Grade the samples and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises (default: all)")
    parser.add_argument("--chapter", action="append", default=[], help="(default: all)")
    options = parser.parse_args()
    print("| check | threshold | reference | margin | nearest trap misses by | alternative |")
    print("|---|---|---|---|---|---|")
    with Launcher() as launcher:
        validator = Validator(launcher)
        for exercise in Course(ROOT).select(tuple(options.names), tuple(options.chapter)):
            for row in rows(validator, exercise):
                print(row, flush=True)


if __name__ == "__main__":
    main()
