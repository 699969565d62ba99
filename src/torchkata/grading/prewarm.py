"""Pre-started sessions: the processes of a grading job, started before there is a submission."""

from __future__ import annotations

from collections.abc import Iterator

from torchkata.course.exercise import Exercise
from torchkata.course.spec.budgets import Speedup
from torchkata.course.spec.inputs import RandomSource
from torchkata.grading.checks import custom_tests
from torchkata.grading.checks.plan import plan, spec_tests
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.result import CPU
from torchkata.sandbox.launcher import CancellableLauncher, Launcher

_NO_SUBMISSION = Submission(source=b"", file="")


def prewarmed_session(
    exercise: Exercise,
    launcher: Launcher | CancellableLauncher,
    seed: int,
    devices: tuple[str, ...],
) -> Session:
    """Return a session for one grading job, without a submission."""
    return Session(exercise, _NO_SUBMISSION, launcher, RandomSource(seed), devices)


def is_unused(session: Session) -> bool:
    """Return whether a pre-started session still waits for its submission."""
    return session.submission is _NO_SUBMISSION


def prewarm(session: Session) -> Iterator[None]:
    """Start the processes that grading will need, one per step.

    They are the processes that grading would start itself, new ones for one job each: nothing is
    kept from one verdict to the next.

    Raises:
        CourseError: the course's own code is at fault.
    """
    exercise, processes = session.exercise, session.processes
    devices = {check.device for check in plan(exercise, session.devices)}
    for device in (CPU, *sorted(devices - {CPU})):
        processes.prestart(device)
        yield
    referenced = {CPU} if exercise.spec.reference_signatures is None else set()
    takes_device = map(custom_tests.takes_device, exercise.grader.tests.values())
    if any(takes_device) or any(test.per_device for test in spec_tests(exercise.spec)):
        referenced |= set(session.devices)
    for device in sorted(referenced):
        processes.reference_on(device)
        yield
    for function in exercise.spec.functions:
        for budget in function.budget:
            if isinstance(budget, Speedup):
                processes.baseline(budget.over)
                yield
