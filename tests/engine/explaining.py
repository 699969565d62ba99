"""Grade a submission until a few checks fail, and explain them: what tests of explanations need."""

from __future__ import annotations

from torchkata.course.exercise import Exercise
from torchkata.course.spec.inputs import RandomSource
from torchkata.grading.checks.check import JudgedCheck, run_check
from torchkata.grading.checks.plan import plan
from torchkata.grading.explain.explain import add_explanations
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.result import TWIN, CheckResult, Verdict
from torchkata.sandbox.launcher import Launcher


def failed_checks(
    exercise: Exercise, submission: Submission, launcher: Launcher, most: int = 4
) -> list[CheckResult]:
    """Return the first failed checks of a submission, explained; nothing is timed.

    Args:
        exercise: the exercise.
        submission: a wrong submission.
        launcher: starts workers.
        most: how many failed checks are enough.
    """
    session = Session(exercise, submission, launcher, RandomSource(7))
    judged: list[JudgedCheck] = []
    try:
        for check in plan(exercise, (TWIN,)):
            if check.axis == "speed":
                continue
            judged.append(run_check(check, session))
            failed = sum(each.result.verdict is Verdict.FAILED for each in judged)
            broken = failed and check.id.endswith("::contract")
            if broken or failed == most:
                break
        results = add_explanations(session, judged)
    finally:
        session.close()
    return [result for result in results if result.verdict is Verdict.FAILED]
