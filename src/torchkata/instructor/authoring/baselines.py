"""Validate an exercise's baselines: they agree with the reference and exceed the budget."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import torch

from torchkata.course.exercise import Exercise
from torchkata.course.spec.budgets import HostSyncs, Speedup
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.inputs import RandomSource
from torchkata.grading.checks.check import run_check
from torchkata.grading.checks.outputs import returning_cases
from torchkata.grading.checks.plan import plan
from torchkata.grading.compare import differences
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.grading.trees import to_float64
from torchkata.instructor.authoring.findings import Weakness
from torchkata.result import CPU, TWIN, Verdict
from torchkata.sandbox.launcher import Launcher
from torchkata.worker import builtin_probes

_COUNTED_AXES: Final = ("ops", "memory")


def baseline_problems(
    exercise: Exercise, launcher: Launcher, seed: int
) -> Iterator[str | Weakness]:
    """Yield what is wrong with the baselines of an exercise.

    Args:
        exercise: The exercise.
        launcher: Starts workers.
        seed: Seed of the hidden inputs.

    Raises:
        CourseError: A baseline or the reference fails.
    """
    solution = Submission(source=exercise.solution_path.read_bytes(), file=exercise.stub_path.name)
    session = Session(exercise, solution, launcher, RandomSource(seed))
    try:
        for function in exercise.spec.functions:
            yield from _disagreements(session, function)
        yield from _cheap_baselines(session, exercise)
    finally:
        session.close()


def _disagreements(session: Session, function: Function) -> Iterator[str]:
    def draw(case: Case, dtype: torch.dtype) -> tuple[Any, ...]:
        arguments = session.draw(function, case, dtype)
        return arguments if case.tolerance is None else to_float64(arguments)

    for case in returning_cases(function):
        for dtype in function.dtypes_of(case):
            expected = session.expect(function.name, draw(case, dtype))
            worker, name = session.processes.baseline(function.naive)
            call = partial(worker.call, name, [draw(case, dtype)])
            (got,), _timing = session.processes.trusted(call)
            tolerance = case.tolerance_for(dtype) or function.tolerance
            for difference in differences(
                got, expected, tolerance=tolerance, name=function.naive.__name__
            ):
                yield f"Baseline and reference disagree in {case.label}: {difference.message}"


def _cheap_baselines(session: Session, exercise: Exercise) -> Iterator[str | Weakness]:
    """Yield functions whose baseline is within every budget, so that the budgets do nothing."""
    for function in exercise.spec.functions:
        if not function.budget or any(isinstance(b, Speedup) for b in function.budget):
            continue  # no budget, or one on speed, which the baseline misses by definition
        waits = any(isinstance(budget, HostSyncs) for budget in function.budget)
        for device in (CPU, TWIN) if waits else (CPU,):
            worker = session.processes.worker_on(device)
            worker.run(builtin_probes.install, function.name, function.naive)
        checks = [
            check
            for check in plan(exercise)
            if check.entry == function.name and check.axis in _COUNTED_AXES
        ]
        results = (run_check(check, session).result for check in checks)
        if not any(result.verdict is Verdict.FAILED for result in results):
            text = (
                f"{function.name}: the baseline is within every budget, so the limit is too high."
            )
            only_waits = all(isinstance(budget, HostSyncs) for budget in function.budget)
            yield Weakness("idle baseline", text) if only_waits else text
