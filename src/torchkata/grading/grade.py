"""Grading: one exercise to its state, a selection of them to a report."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from torchkata.course.catalogue import Exercise, digest
from torchkata.course.spec.inputs import RandomSource
from torchkata.errors import CourseError
from torchkata.grading.checks.check import Check, run_check
from torchkata.grading.checks.cost_table import climb
from torchkata.grading.checks.plan import plan
from torchkata.grading.explain.explain import explained
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.i18n import _
from torchkata.result import CheckResult, ExerciseResult, Report, State, Verdict
from torchkata.sandbox.launcher import Launcher, Lease

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for a whole run.

    Attributes:
        seed: of the hidden inputs.
        devices: devices judged besides the CPU.
        untouched: whether an untouched file is *todo* without being judged.
    """

    seed: int
    devices: tuple[str, ...] = ("twin:0",)
    untouched: bool = True


def read(path: Path) -> Submission | None:
    """Read a submission's file by content; None when there is none.

    Raises:
        CourseError: it is no regular file, or too large to be an answer.
    """
    if not path.exists():
        return None
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        raise CourseError(f"{path} is no regular file of at most 1 MiB, so it is not judged.")
    return Submission(source=path.read_bytes(), file=path.name)


def grade_one(
    exercise: Exercise,
    submission: Submission | None,
    launcher: Launcher | Lease,
    settings: Settings,
    on_check: Callable[[Check], None] = lambda _check: None,
    prepared: Session | None = None,
) -> ExerciseResult:
    """Judge one exercise.

    Args:
        lesson: the exercise.
        submission: the file under judgement; None where it is missing.
        launcher: starts workers.
        settings: of the run.
        on_check: told before each check, for progress.
        prepared: a session from `checks.ahead` with this run's seed and devices; used up by a
            judgement.
    """
    start = time.monotonic()
    begun = ExerciseResult(
        id=exercise.id, name=exercise.name, chapter=exercise.chapter, state=State.TODO
    )
    try:
        exercise = exercise.grader.spec
        if submission is None:
            return replace(begun, message=_("There is no file yet."))
        if settings.untouched and digest(submission.source) == spec.stub_digest:
            return replace(begun, message=_("Not started."))
        session = prepared or Session(
            exercise, submission, launcher, RandomSource(settings.seed), settings.devices
        )
        session.submission = submission
        try:
            checks = plan(exercise, settings.devices)
            results = explained(session, checks, tuple(_judge(session, checks, on_check)))
        finally:
            session.close()
    except CourseError as error:
        message = _("The course itself is at fault, not your code: {error}", error=error)
        seconds = time.monotonic() - start
        return replace(begun, state=State.ERROR, message=message, seconds=seconds)
    state, message = _state(session, results)
    return replace(
        begun,
        state=state,
        message=message,
        seconds=time.monotonic() - start,
        checks=results if state is not State.TODO else (),
        output=session.output,
        ladder=tuple(session.rungs.values()),
        growth=tuple(session.curves),
    )


def _judge(
    session: Session, checks: list[Check], on_check: Callable[[Check], None]
) -> Iterator[CheckResult]:
    """Judge the checks in order; after a broken contract there is nothing more to judge."""
    wrong: set[str] = set()
    for check in checks:
        on_check(check)
        if check.axis == "speed" and check.entry in wrong:
            session.blocked.add(check.id)
            yield _not_judged(check, _("Not timed: get the values right first."))
            continue
        result = run_check(check, session)
        yield result
        if result.verdict is Verdict.FAILED:
            if check.id.endswith("::contract"):
                return
            if check.axis in ("shape", "values"):
                wrong.add(check.entry)
    climb(session, wrong)


def _not_judged(check: Check, message: str) -> CheckResult:
    return CheckResult(
        id=check.id,
        axis=check.axis,
        case=check.case,
        device=check.device,
        verdict=Verdict.UNMEASURABLE,
        message=message,
    )


def _state(session: Session, results: Iterable[CheckResult]) -> tuple[State, str]:
    failed = [result for result in results if result.verdict is Verdict.FAILED]
    genuine = [result for result in failed if result.id not in session.todo]
    unsure = [
        result
        for result in results
        if result.verdict is Verdict.UNMEASURABLE and result.id not in session.blocked
    ]
    if session.todo and not genuine:
        return State.TODO, _("Not started, or not finished: NotImplementedError is still raised.")
    if any(death.reason == "timeout" for death in session.deaths):
        return State.TIMEOUT, str(session.deaths[0])
    if session.deaths:
        return State.ERROR, str(session.deaths[0])
    if session.load_error is not None:
        return State.ERROR, failed[0].message
    if failed:
        return State.FAILED, _(
            "1 check failed; mend the first one first."
            if len(failed) == 1
            else "{count} checks failed; mend the first one first.",
            count=len(failed),
        )
    if session.blocked:  # every blocked check waits for one that failed; if none did, be strict
        return State.ERROR, _("Some checks could not be judged, so this is no pass.")
    if unsure:
        if unsure[0].axis != "speed":
            return State.UNMEASURABLE, unsure[0].message
        return State.UNMEASURABLE, _("Nothing is wrong, but the clock could not decide now.")
    if session.spec.reference_signatures is not None:
        return State.PASSED, _("The open examples pass. Your instructor's run judges the rest.")
    return State.PASSED, ""


def machine(confined: str) -> dict[str, Any]:
    """Describe the machine for the report."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "confinement": confined,
    }


def report(results: Iterable[ExerciseResult], settings: Settings, confined: str) -> Report:
    """Put results together."""
    return Report(
        version=version("torchkata"),
        seed=settings.seed,
        machine=machine(confined),
        exercises=tuple(results),
    )
