"""Grade one exercise: judge its checks, explain the failed ones, derive the state."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from torchkata.course.exercise import Exercise
from torchkata.course.settings import read_settings
from torchkata.course.spec.inputs import RandomSource
from torchkata.errors import CourseError, describe_os_error
from torchkata.grading.checks.check import Check, JudgedCheck, run_check
from torchkata.grading.checks.cost_table import collect_costs
from torchkata.grading.checks.plan import plan
from torchkata.grading.explain.explain import add_explanations
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.grading.unfinished import Unfinished, progress, settle, to_do
from torchkata.i18n import EMPTY, Message, _, join, with_period
from torchkata.result import (
    AXES,
    NOT_JUDGED,
    TODO,
    TWIN,
    CheckResult,
    ExerciseResult,
    State,
    Verdict,
)
from torchkata.sandbox.launcher import CancellableLauncher, Launcher

_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a whole run.

    Attributes:
        seed: of the hidden inputs.
        devices: devices judged besides the CPU.
        skip_untouched: whether an untouched file is *todo* without being judged.
        raise_course_errors: whether a fault of the course is raised instead of becoming a result.
        stop_at: an axis; judging stops once that axis has refused the submission, or has accepted
            it, and nothing is explained. By default everything is judged.
    """

    seed: int
    devices: tuple[str, ...] = (TWIN,)
    skip_untouched: bool = True
    raise_course_errors: bool = False
    stop_at: str = ""


def read_submission(path: Path) -> Submission | None:
    """Read a submission's file; None if there is none.

    Raises:
        CourseError: it is no regular file, it cannot be read, or it is too large.
    """
    try:
        if not path.exists():
            return None
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            raise CourseError(
                _("{path} is not a regular file of at most 1 MiB, so it is not judged.", path=path)
            )
        return Submission(source=path.read_bytes(), file=path.name)
    except OSError as error:
        raise CourseError(describe_os_error(error, path)) from error


def result_for(exercise: Exercise, state: State, message: Message = EMPTY) -> ExerciseResult:
    """Return a result of an exercise without any checks."""
    return ExerciseResult(
        id=exercise.id,
        name=exercise.name,
        chapter=exercise.chapter,
        state=state,
        message=message,
    )


def grade_one(
    exercise: Exercise,
    submission: Submission | None,
    launcher: Launcher | CancellableLauncher,
    settings: Settings,
    on_check: Callable[[Check], None] = lambda _check: None,
    session: Session | None = None,
) -> ExerciseResult:
    """Grade one exercise.

    Args:
        exercise: the exercise.
        submission: the file under judgment; None if it is missing.
        launcher: starts workers.
        settings: of the run.
        on_check: called before each check, for progress.
        session: a pre-started session (`grading.prewarm`) with this run's seed and devices; it is
            used up.

    Raises:
        CourseError: the course's own files are at fault and `settings.raise_course_errors` is set.
    """
    start = time.monotonic()
    try:
        if submission is None:
            return result_for(exercise, State.TODO, _("There is no file yet."))
        if settings.skip_untouched and exercise.is_untouched(submission.source):
            return result_for(exercise, State.TODO, _("Not started."))
        result = _grade(exercise, submission, launcher, settings, on_check, session)
    except CourseError as error:
        if settings.raise_course_errors:
            raise
        message = _("The course itself is at fault, not your code: {error}", error=error.message)
        if contact := read_settings(exercise.files).contact:
            message = join(with_period(message), _("Please tell {contact}.", contact=contact))
        result = result_for(exercise, State.ERROR, message)
    return replace(result, seconds=time.monotonic() - start)


def _grade(
    exercise: Exercise,
    submission: Submission,
    launcher: Launcher | CancellableLauncher,
    settings: Settings,
    on_check: Callable[[Check], None],
    session: Session | None,
) -> ExerciseResult:
    session = session or Session(
        exercise, submission, launcher, RandomSource(settings.seed), settings.devices
    )
    session.processes.submission = submission
    try:
        checks = plan(exercise, settings.devices)
        judged = judge_checks(session, checks, on_check, settings.stop_at)
        judged, unfinished = settle(judged, submission.source, session.spec.names)
        if settings.stop_at:
            results = tuple(each.result for each in judged)
        else:
            results = add_explanations(session, judged)
    finally:
        session.close()
    state, message = _state(session, results, unfinished)
    if state is State.TODO:
        message = progress(judged, unfinished)
    return replace(
        result_for(exercise, state, message),
        checks=results,
        output=session.processes.output,
        cost_table=tuple(session.learned.cost_rows.values()),
        growth=tuple(session.learned.curves),
    )


def judge_checks(
    session: Session,
    checks: Sequence[Check],
    on_check: Callable[[Check], None],
    stop_at: str = "",
) -> list[JudgedCheck]:
    """Judge the checks in order, then measure the costs of what is right.

    After a broken contract nothing more is judged; functions with wrong results are not timed.

    Args:
        session: judges them.
        checks: all checks of the exercise, in order.
        on_check: called before each check.
        stop_at: an axis, see `Settings`.
    """
    judged: list[JudgedCheck] = []
    wrong: set[str] = set()
    for check in _up_to(stop_at, checks):
        on_check(check)
        if check.axis == "speed" and check.entry in wrong:
            session.learned.skipped.add(check.id)
            judged.append(JudgedCheck(check=check, result=_not_timed(check)))
            continue
        judged.append(run_check(check, session))
        result = judged[-1].result
        if result.axis == stop_at and result.verdict is Verdict.FAILED and result.code != "raised":
            break
        if result.code == TODO:
            wrong.add(check.entry)
        if result.verdict is Verdict.FAILED:
            if check.id.endswith("::contract"):
                return judged
            if check.axis in ("shape", "values"):
                wrong.add(check.entry)
    if not stop_at:
        session.add_costs(tuple(collect_costs(session, wrong)))
    return judged


def _up_to(axis: str, checks: Sequence[Check]) -> Iterator[Check]:
    """Yield the checks of an axis and of those that are judged before it; all for no axis."""
    last = AXES.index(axis) if axis else len(AXES)
    for check in checks:
        if check.axis not in AXES or AXES.index(check.axis) <= last:
            yield check


def _not_timed(check: Check) -> CheckResult:
    return CheckResult(
        id=check.id,
        axis=check.axis,
        verdict=Verdict.UNMEASURABLE,
        case=check.case,
        device=check.device,
        code="not-timed",
        message=_("Not timed: fix the values first."),
    )


def _may_pass_without(result: CheckResult) -> bool:
    """Return whether an exercise may pass without the verdict of a check.

    It may, if the twin cannot run what works on the CPU, and only the device is judged. What is
    counted on the twin, such as host synchronizations, may be what the exercise is about.
    """
    return result.code == NOT_JUDGED and result.axis == "device"


def _state(
    session: Session, results: Iterable[CheckResult], unfinished: Sequence[Unfinished]
) -> tuple[State, Message]:
    """Derive the state of an exercise from its checks."""
    learned = session.learned
    failed = [result for result in results if result.verdict is Verdict.FAILED]
    undecided = [
        result
        for result in results
        if result.verdict is Verdict.UNMEASURABLE and result.id not in learned.skipped
    ]
    if unfinished and not failed:
        return State.TODO, to_do(unfinished)
    if learned.deaths:
        timed_out = any(death.reason == "timeout" for death in learned.deaths)
        died = next(result for result in failed if result.code.startswith("died-"))
        return State.TIMEOUT if timed_out else State.ERROR, died.message_with_case
    if session.processes.load_error is not None:
        return State.ERROR, failed[0].message
    if failed:
        count = _(
            "1 check failed." if len(failed) == 1 else "{count} checks failed.",
            count=len(failed),
        )
        return State.FAILED, join(count, to_do(unfinished))
    if learned.skipped:  # each waits for a check that failed; if none did, be strict
        return State.ERROR, _("Some checks could not be judged, so this is not a pass.")
    open_ones = [result for result in undecided if not _may_pass_without(result)]
    if open_ones:
        if open_ones[0].axis != "speed":
            return State.UNMEASURABLE, open_ones[0].message
        return State.UNMEASURABLE, _("Nothing is wrong, but the timing could not be decided now.")
    if undecided:
        return State.PASSED, undecided[0].message
    if session.spec.reference_signatures is not None:
        return State.PASSED, _("The open examples pass. Your instructor's run grades the rest.")
    return State.PASSED, EMPTY
