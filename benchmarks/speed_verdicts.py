"""Judge every speed budget repeatedly, with samples of known verdicts.

    python benchmarks/speed_verdicts.py [--rounds 20] [--busy] [--alternatives] [NAME ...]

Each round races every solution, which must be fast enough, with --alternatives also the
alternatives, and every speed trap, which must not. A wrong verdict is printed with its metrics.
*Unmeasurable* is not a verdict and is counted separately. --busy keeps two cores busy.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from grading import ROOT, busy_cores
from jobs_alike import is_timed
from samples import sample_names

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.spec.inputs import RandomSource
from torchkata.grading.checks.check import run_check
from torchkata.grading.checks.plan import plan
from torchkata.grading.processes import Submission
from torchkata.grading.seeds import random_seed
from torchkata.grading.session import Session
from torchkata.result import Verdict
from torchkata.sandbox.launcher import Launcher

_WORST_FIRST = (Verdict.FAILED, Verdict.UNMEASURABLE, Verdict.PASSED)


@dataclass(frozen=True)
class Racer:
    """A sample with its expected verdict on speed.

    Attributes:
        exercise: The exercise.
        bind: The entry point and the name that replaces it; empty for the solution.
        fast: Whether it must win every race; otherwise it must lose at least one.
    """

    exercise: Exercise
    bind: dict[str, str]
    fast: bool

    @property
    def name(self) -> str:
        """The name to print."""
        return f"{self.exercise.name} {' '.join(self.bind.values()) or 'solution'}"


def racers(exercise: Exercise, *, alternatives: bool) -> Iterator[Racer]:
    """Yield the solution, the alternatives if requested, and the speed traps."""
    yield Racer(exercise, {}, fast=True)
    for entry, name in sample_names(exercise, "ALTERNATIVES") if alternatives else ():
        yield Racer(exercise, {entry: name}, fast=True)
    axes: dict[str, dict[str, str]] = exercise.solution_literal("TRAPS", {})
    for entry, name in sample_names(exercise, "TRAPS"):
        if axes[entry][name] == "speed":
            yield Racer(exercise, {entry: name}, fast=False)


def race(racer: Racer, launcher: Launcher) -> tuple[Verdict, str]:
    """Return the worst verdict of its speed checks, and their metrics."""
    exercise = racer.exercise
    source, file = exercise.solution_path.read_bytes(), exercise.stub_path.name
    submission = Submission(source=source, file=file, bind=racer.bind)
    session = Session(exercise, submission, launcher, RandomSource(random_seed()))
    try:
        checks = [check for check in plan(exercise) if check.axis == "speed"]
        results = [run_check(check, session).result for check in checks]
    finally:
        session.close()
    verdicts = {result.verdict for result in results}
    ratios = [
        f"{r.metrics.get('ratio_low', 0):.3g} to {r.metrics.get('ratio_high', 0):.3g} "
        f"for {r.metrics.get('threshold', 0):g}"
        for r in results
    ]
    return next(verdict for verdict in _WORST_FIRST if verdict in verdicts), "; ".join(ratios)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises (default: all)")
    parser.add_argument("--rounds", type=int, default=20, help="how often each sample is judged")
    parser.add_argument("--busy", action="store_true", help="keep two cores busy")
    parser.add_argument("--alternatives", action="store_true", help="also judge alternatives")
    options = parser.parse_args()
    timed = [each for each in Course(ROOT).select(tuple(options.names)) if is_timed(each)]
    samples = [racer for each in timed for racer in racers(each, alternatives=options.alternatives)]
    fast = sum(racer.fast for racer in samples)
    print(f"{fast} samples are fast enough, {len(samples) - fast} are not")
    total: Counter[str] = Counter()
    with busy_cores(2 * options.busy), Launcher() as launcher:
        for turn in range(options.rounds):
            start = time.monotonic()
            counts: Counter[str] = Counter()
            for racer in samples:
                verdict, ratios = race(racer, launcher)
                expected = Verdict.PASSED if racer.fast else Verdict.FAILED
                kind = "right" if verdict is expected else f"wrongly {verdict}"
                if verdict is Verdict.UNMEASURABLE:
                    kind = "unmeasurable"
                counts[kind] += 1
                if kind != "right":
                    print(f"  {racer.name}: {kind}, {ratios}", flush=True)
            total += counts
            listed = ", ".join(f"{count} {kind}" for kind, count in counts.items())
            print(f"round {turn + 1}: {time.monotonic() - start:.1f} s, {listed}", flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in total.items()))


if __name__ == "__main__":
    main()
