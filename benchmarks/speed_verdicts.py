"""Judge every speed threshold over and over, of answers whose verdict is known.

    python benchmarks/speed_verdicts.py [--rounds 20] [--busy] [--alternatives] [NAME ...]

Each round races every solution that has to be fast enough, with --alternatives the other right
answers too, and every trap that the clock has to catch. A wrong pass or a wrong fail is printed
with its figures; *unmeasurable* is no verdict and is counted apart. --busy keeps two cores busy.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from grading import ROOT, company
from jobs_alike import is_timed
from samples import samples

from torchkata.course.catalogue import Course, Exercise
from torchkata.course.spec.inputs import RandomSource
from torchkata.grading.checks.check import run_check
from torchkata.grading.checks.plan import plan
from torchkata.grading.processes import Submission
from torchkata.grading.run import random_seed
from torchkata.grading.session import Session
from torchkata.result import Verdict
from torchkata.sandbox.launcher import Launcher


@dataclass(frozen=True)
class Answer:
    """An answer with what the clock has to say of it.

    Attributes:
        lesson: the exercise.
        bind: entry point and the name that stands for it; empty for the solution.
        fast: whether every race has to be won; else at least one has to be lost.
    """

    exercise: Exercise
    bind: dict[str, str]
    fast: bool

    @property
    def name(self) -> str:
        """For the lines that are printed."""
        return f"{self.exercise.name} {' '.join(self.bind.values()) or 'solution'}"


def answers(exercise: Exercise, *, alternatives: bool) -> Iterator[Answer]:
    """The solution, the alternatives if they are asked for, and the traps that fail on speed."""
    yield Answer(exercise, {}, fast=True)
    for entry, name in samples(exercise, "ALTERNATIVES") if alternatives else ():
        yield Answer(exercise, {entry: name}, fast=True)
    axes: dict[str, dict[str, str]] = exercise.solution_literal("TRAPS", {})
    for entry, name in samples(exercise, "TRAPS"):
        if axes[entry][name] == "speed":
            yield Answer(exercise, {entry: name}, fast=False)


def raced(answer: Answer, launcher: Launcher) -> tuple[Verdict, str]:
    """What its races say together, and their figures."""
    exercise = answer.exercise
    source, file = exercise.solution_path.read_bytes(), exercise.stub_path.name
    submission = Submission(source=source, file=file, bind=answer.bind)
    session = Session(exercise, submission, launcher, RandomSource(random_seed()))
    try:
        checks = [check for check in plan(exercise) if check.axis == "speed"]
        found = [run_check(check, session) for check in checks]
    finally:
        session.close()
    verdicts = {result.verdict for result in found}
    worst = (Verdict.FAILED, Verdict.UNMEASURABLE, Verdict.PASSED)
    figures = [
        f"{r.figures.get('ratio_low', 0):.3g} to {r.figures.get('ratio_high', 0):.3g} "
        f"for {r.figures.get('threshold', 0):g}"
        for r in found
    ]
    return next(each for each in worst if each in verdicts), "; ".join(figures)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises; all by default")
    parser.add_argument("--rounds", type=int, default=20, help="how often each answer is judged")
    parser.add_argument("--busy", action="store_true", help="keep two cores busy meanwhile")
    parser.add_argument("--alternatives", action="store_true", help="judge them too")
    options = parser.parse_args()
    timed = [each for each in Course(ROOT).select(tuple(options.names)) if is_timed(each)]
    every = [
        answer for each in timed for answer in answers(each, alternatives=options.alternatives)
    ]
    fast = sum(answer.fast for answer in every)
    print(f"{fast} answers that are fast enough, {len(every) - fast} that are not")
    total: Counter[str] = Counter()
    with company(2 * options.busy), Launcher() as launcher:
        for turn in range(options.rounds):
            start = time.monotonic()
            counted: Counter[str] = Counter()
            for answer in every:
                verdict, figures = raced(answer, launcher)
                wanted = Verdict.PASSED if answer.fast else Verdict.FAILED
                kind = "right" if verdict is wanted else f"wrongly {verdict}"
                if verdict is Verdict.UNMEASURABLE:
                    kind = "unmeasurable"
                counted[kind] += 1
                if kind != "right":
                    print(f"  {answer.name}: {kind}, {figures}", flush=True)
            total += counted
            named = ", ".join(f"{count} {kind}" for kind, count in counted.items())
            print(f"round {turn + 1}: {time.monotonic() - start:.1f} s, {named}", flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in total.items()))


if __name__ == "__main__":
    main()
