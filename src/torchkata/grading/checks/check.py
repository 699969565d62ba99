"""One check: what it is called, which axis it judges, and how it becomes a verdict."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from torchkata.course.translations import turn_to
from torchkata.errors import (
    CheckFailed,
    KataError,
    SubmissionError,
    Unmeasurable,
    WorkerDiedError,
)
from torchkata.grading.checks.evidence import Evidence
from torchkata.grading.checks.place import definition
from torchkata.grading.processes import Blocked
from torchkata.grading.session import Session
from torchkata.i18n import _, with_period
from torchkata.result import CheckResult, Verdict

_MOST_TEXT: Final = 4000  # characters of a message


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check that passed has to say.

    Attributes:
        message: usually empty.
        figures: numbers for the report, the unit in the key.
    """

    message: str = ""
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One judged property of an exercise.

    Attributes:
        id: `NAME::AXIS[what]`.
        axis: one of the axes.
        judge: finds out; returns when the check passed, raises otherwise.
        entry: the entry point that it judges; empty for the whole exercise.
        case: the case it judges, in words.
        device: the device it judges.
    """

    id: str
    axis: str
    judge: Callable[[Session], Finding | None]
    entry: str = ""
    case: str = ""
    device: str = "cpu"


def run_check(check: Check, session: Session) -> CheckResult:
    """Judge one check.

    Raises:
        CourseError: the course's own code is at fault.
    """

    def result(
        verdict: Verdict, message: str, figures: dict[str, float], line: object = 0
    ) -> CheckResult:
        if verdict is Verdict.FAILED and not line:
            names = (check.entry, *session.spec.names) if check.entry else session.spec.names
            line = definition(session.submission.source, names)
        return CheckResult(
            id=check.id,
            axis=check.axis,
            case=check.case,
            device=check.device,
            verdict=verdict,
            message=_bounded(message),
            figures=figures,
            line=line if isinstance(line, int) else 0,
        )

    def keep(facts: Mapping[str, object], error: BaseException | None) -> None:
        cause = error if isinstance(error, SubmissionError) else None
        session.evidence[check.id] = Evidence(facts=facts, error=cause, question=session.asked)

    session.asked = None
    exercise = session.exercise
    turn_to(exercise.course, exercise.chapter, exercise.stem)
    try:
        finding = check.judge(session) or Finding()
        return result(Verdict.PASSED, finding.message, finding.figures)
    except CheckFailed as failed:
        keep(failed.facts, failed.__cause__)
        line = failed.facts.get("line") or getattr(failed.__cause__, "line", 0)
        return result(Verdict.FAILED, str(failed), failed.figures, line)
    except Unmeasurable as unmeasurable:
        if isinstance(unmeasurable, Blocked):
            session.blocked.add(check.id)
        return result(Verdict.UNMEASURABLE, str(unmeasurable), unmeasurable.figures)
    except SubmissionError as error:
        if error.todo:
            session.todo.add(check.id)
            what = check.entry or _("Something")
            return result(Verdict.FAILED, _("{what} is still to do.", what=what), {})
        keep({}, error)
        return result(Verdict.FAILED, _("{what}.", what=raised(error)), {}, error.line)
    except WorkerDiedError as error:
        session.deaths.append(error)
        session.given_up = session.given_up or error.reason == "timeout"
        return result(Verdict.FAILED, str(error), {})
    except KataError:
        raise
    except Exception as error:  # noqa: BLE001 - an answer of any form must not end the whole run
        return result(
            Verdict.FAILED,
            _(
                "The judge stumbled over this answer ({error}). If your code only computes and "
                "returns, please report this as a fault of torchkata.",
                error=f"{type(error).__name__}: {error}",
            ),
            {},
        )


def _bounded(message: str) -> str:
    """A message that ends as sentences do, and is no longer than anybody reads."""
    if len(message) > _MOST_TEXT:  # a grader may quote what a submission has answered
        message = message[:_MOST_TEXT].rstrip() + " …"
    return with_period(message)


def raised(error: SubmissionError) -> str:
    """Say which exception came, from which line; of the less known ones, what they mean.

    The text goes into a sentence, so it has no full stop.
    """
    where = _(" (line {line})", line=error.line) if error.line else ""
    text = _(": {text}", text=str(error).rstrip(".。")) if str(error) else ""
    asked = re.search(r"you tried to allocate (\d+) bytes", str(error))
    if asked is not None:
        return _(
            "It ran out of memory{where}: {size:,} bytes were asked for at once, more than a "
            "submission may hold",
            where=where,
            size=int(asked[1]),
        )
    match error.kind:
        case "EndlessError":
            return _endless(str(error))
        case "MemoryError" | "_ArrayMemoryError":
            return _("It ran out of memory{where}{text}", where=where, text=text)
        case "RecursionError":
            return _(
                "It calls itself without an end{where}: {kind}{text}",
                where=where,
                kind=error.kind,
                text=text,
            )
        case "SystemExit":
            return _("It called sys.exit(){where}; a function has to return instead", where=where)
        case _:
            return _("It raised {kind}{where}{text}", kind=error.kind, where=where, text=text)


def _endless(text: str) -> str:
    """Put into words what a grader's probe has interrupted."""
    what, _unused, limit = text.partition(" ")
    if what == "compiling":
        return _(
            "Compiling did not end within {limit} s, so it was stopped. torch.compile unrolls each "
            "Python loop that it records; a loop without an end is recorded for ever",
            limit=limit,
        )
    return _(
        "It never ends: {limit} items came, and there were still more. Stop after the last one",
        limit=limit,
    )
