"""Sessions made ahead: the processes of a judgement started before there is a submission."""

from __future__ import annotations

from collections.abc import Iterator

from torchkata.course.catalogue import Exercise
from torchkata.course.spec.budgets import Speedup
from torchkata.course.spec.inputs import RandomSource
from torchkata.grading.checks import custom_tests
from torchkata.grading.checks.plan import plan
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.sandbox.launcher import Launcher, Lease

_NOTHING = Submission(source=b"", file="")


def prewarmed_session(
    exercise: Exercise, launcher: Launcher | Lease, seed: int, devices: tuple[str, ...]
) -> Session:
    """Make the session of one judgement that will come."""
    return Session(exercise, _NOTHING, launcher, RandomSource(seed), devices)


def fresh(session: Session) -> bool:
    """Whether a session made ahead still waits for its submission."""
    return session.submission is _NOTHING


def prepare(session: Session) -> Iterator[None]:
    """Start what the judgement will ask for, one process at each step.

    The processes are the ones that judging would start by itself, each of them new and for one
    judgement only: nothing is kept from one verdict to the next.

    Raises:
        CourseError: the course's own code is at fault.
    """
    exercise = session.exercise
    devices = {check.device for check in plan(exercise, session.devices)}
    for device in ("cpu", *sorted(devices - {"cpu"})):
        session.spare(device)
        yield
    asked = {"cpu"} if exercise.grader.spec.reference_signatures is None else set()
    if any(custom_tests.wants_device(test) for test in exercise.grader.tests.values()):
        asked |= set(session.devices)
    for device in sorted(asked):
        session.reference_on(device)
        yield
    for function in exercise.grader.spec.functions:
        for budget in function.budget:
            if isinstance(budget, Speedup):
                session.baseline(budget.over)
                yield
