"""Print every threshold with what the reference, the nearest trap and each alternative reach.

    python benchmarks/margins.py [NAME ...] [--chapter C]

A margin is how many times the reference stays inside the budget, or a trap outside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from torchkata.course.catalogue import Course, Exercise
from torchkata.instructor.authoring.validate import Gate
from torchkata.result import ExerciseResult
from torchkata.sandbox.launcher import Launcher

ROOT = Path(__file__).resolve().parents[1]
AXES = ("speed", "ops", "memory")
Figures = dict[str, tuple[float, float, float]]
"""By check: what was reached, what is allowed or asked for, and the margin (above 1 is inside)."""


def figures(result: ExerciseResult) -> Figures:
    """Read the figures of every budget."""
    found: Figures = {}
    for check in result.checks:
        if check.axis not in AXES:
            continue
        values = check.figures
        if "threshold" in values:
            ratio, asked = values["ratio"], values["threshold"]
            found[check.id] = (ratio, asked, ratio / asked)
            continue
        for name, allowed in values.items():
            used = values.get(name.removesuffix("_allowed"))
            if name.endswith("_allowed") and used is not None:
                found[check.id] = (used, allowed, allowed / used if used else float("inf"))
    return found


def rows(gate: Gate, exercise: Exercise) -> Iterator[str]:
    """One row for each threshold of an exercise."""
    source = exercise.solution_path.read_bytes()
    reference = figures(gate.judge(exercise, source))
    if not reference:
        return
    kinds: dict[str, dict[str, Figures]] = {"TRAPS": {}, "ALTERNATIVES": {}}
    for kind, seen in kinds.items():
        for entry, names in exercise.solution_literal(kind, {}).items():
            for name in names:
                if kind == "ALTERNATIVES" or names[name] in AXES:
                    seen[name] = figures(gate.judge(exercise, source, {entry: name}))
    for check, (reached, asked, margin) in reference.items():
        outside = [(f[check][2], n) for n, f in kinds["TRAPS"].items() if check in f]
        outside = [pair for pair in outside if pair[0] < 1]
        inside = [(f[check][2], n) for n, f in kinds["ALTERNATIVES"].items() if check in f]
        trap = "-" if not outside else f"{1 / max(outside)[0]:.3g} x ({max(outside)[1]})"
        other = "-" if not inside else f"{min(inside)[0]:.3g} x ({min(inside)[1]})"
        yield f"| {check} | {asked:g} | {reached:.4g} | {margin:.3g} x | {trap} | {other} |"


def main() -> None:
    """Judge the samples and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--chapter", action="append", default=[])
    options = parser.parse_args()
    print("| check | threshold | reference | inside by | nearest trap, outside by | alternative |")
    print("|---|---|---|---|---|---|")
    with Launcher() as launcher:
        gate = Gate(launcher)
        for exercise in Course(ROOT).select(tuple(options.names), tuple(options.chapter)):
            for row in rows(gate, exercise):
                print(row, flush=True)


if __name__ == "__main__":
    main()
