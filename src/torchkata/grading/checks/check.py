"""One check: its name, the axis it judges, and how its outcome becomes a result."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from torchkata.course.source_code import definition_line
from torchkata.errors import (
    CheckFailed,
    KataError,
    SubmissionError,
    Unmeasurable,
    WorkerDiedError,
    describe_os_error,
    is_machine_fault,
)
from torchkata.grading.checks.not_judged import without_limits_of_twin
from torchkata.grading.inputs_text import describe_inputs
from torchkata.grading.outcome import Outcome, failed, from_claim, skipped, still_todo, undecided
from torchkata.grading.processes import Skipped
from torchkata.grading.session import ProbeCall, Session
from torchkata.i18n import EMPTY, Message, _, join, verbatim, with_period
from torchkata.result import CPU, CheckResult, Verdict
from torchkata.worker import builtin_probes

_MOST_TEXT: Final = 4000  # characters of a message
_INTERNAL: Final = re.compile(
    r"TorchScript|site-packages|Traceback|torchkata[./]|submission:\S+\(\d+\)|TwinMode|TwinTensor"
)
"""Lines of a message that are about the insides of PyTorch or of the engine."""

_ALLOCATION: Final = re.compile(r"you tried to allocate (\d+) bytes")  # PyTorch's own words


@dataclass(frozen=True, kw_only=True)
class Check:
    """One judged property of an exercise.

    Attributes:
        id: `NAME::AXIS[what]`.
        axis: one of the axes.
        judge: judges the property.
        entry: the entry point that it judges; empty for the whole exercise.
        case: label of the case it judges; empty if it judges several.
        description: what a custom test claims, in a sentence.
        device: the device it judges.
    """

    id: str
    axis: str
    judge: Callable[[Session], Outcome]
    entry: str = ""
    case: Message = EMPTY
    description: Message = EMPTY
    device: str = CPU


@dataclass(frozen=True, kw_only=True)
class FailureContext:
    """What is kept of a failed check, so that its last call can be repeated and explained.

    Attributes:
        facts: plain data by name, such as `got_shape`; see `Difference.facts`.
        error: what the submission raised, if the check failed because of that.
        call: the last request before it failed.
    """

    facts: Mapping[str, object] = field(default_factory=dict)
    error: SubmissionError | None = None
    call: ProbeCall | None = None


@dataclass(frozen=True, kw_only=True)
class JudgedCheck:
    """A check with its result.

    Attributes:
        check: what was judged.
        result: its result.
        context: what explanations need, if it failed.
    """

    check: Check
    result: CheckResult
    context: FailureContext | None = None


def run_check(check: Check, session: Session) -> JudgedCheck:
    """Judge one check and let the session collect what it found.

    Raises:
        CourseError: the course's own code is at fault.
    """
    session.last_call = None
    outcome = without_limits_of_twin(session, _judge(check, session))
    session.collect(check.id, check.axis, check.entry, outcome)
    return JudgedCheck(
        check=check,
        result=_result(check, session, outcome),
        context=_context(session, outcome),
    )


def _judge(check: Check, session: Session) -> Outcome:
    """Judge a check; faults of the submission that interrupt it are outcomes too."""
    try:
        return check.judge(session)
    except CheckFailed as claim:
        return from_claim(claim)
    except Skipped as reason:
        return skipped(reason.message)
    except Unmeasurable as reason:
        return undecided("unmeasurable", reason.message, metrics=reason.metrics)
    except SubmissionError as error:
        return raised_outcome(error, entry=check.entry)
    except WorkerDiedError as death:
        call = session.last_call
        return failed(
            f"died-{death.reason}",
            death.message,
            case=EMPTY if call is None else call.case,
            line=death.line,
            death=death,
        )
    except KataError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and is_machine_fault(error):
            raise KataError(describe_os_error(error)) from error
        return failed(
            "internal-error",
            _(
                "Internal error while checking this submission ({error}). Unless your code does "
                "something unusual, please report it as a torchkata bug.",
                error=f"{type(error).__name__}: {error}",
            ),
        )


def raised_outcome(error: SubmissionError, *, entry: str = "", case: Message = EMPTY) -> Outcome:
    """Return the outcome of a check in which the submission raised."""
    if error.todo:
        what = verbatim(entry) if entry else _("Something")
        return still_todo(_("{what} is still to do.", what=what), error.line or 0)
    return failed("raised", with_period(describe_exception(error)), case=case, error=error)


def _result(check: Check, session: Session, outcome: Outcome) -> CheckResult:
    line = outcome.line
    if outcome.verdict is Verdict.FAILED and not line:
        names = session.spec.names
        line = definition_line(
            session.submission.source, (check.entry, *names) if check.entry else names
        )
    return CheckResult(
        id=check.id,
        axis=outcome.axis or check.axis,
        verdict=outcome.verdict,
        case=outcome.case or check.case,
        description=check.description,
        device=check.device,
        code=outcome.code,
        message=_bounded(outcome.message),
        metrics=dict(outcome.metrics),
        line=line,
        inputs=_inputs(check, session, outcome),
    )


def _inputs(check: Check, session: Session, outcome: Outcome) -> Message:
    """Return the arguments of the call that failed as code, if they are few."""
    call = session.last_call
    function = next((f for f in session.spec.functions if f.name == check.entry), None)
    if outcome.verdict is not Verdict.FAILED or call is None or function is None:
        return EMPTY
    if call.probe is not builtin_probes.call or (outcome.case and call.case != outcome.case):
        return EMPTY
    _entry, *arguments = call.arguments()
    return describe_inputs(list(function.inputs), arguments)


def _context(session: Session, outcome: Outcome) -> FailureContext | None:
    explicable = outcome.verdict is Verdict.FAILED and not outcome.todo and outcome.death is None
    if not explicable or outcome.code == "internal-error":
        return None
    return FailureContext(facts=outcome.facts, error=outcome.error, call=session.last_call)


def _bounded(message: Message) -> Message:
    """End a message like a sentence, and cut it if it is too long to read."""
    text = str(message)
    if len(text) > _MOST_TEXT:  # a grader may quote what a submission returned
        return verbatim(text[:_MOST_TEXT].rstrip() + " …")
    return with_period(message)


def describe_exception(error: SubmissionError) -> Message:
    """Say which exception was raised, at which line; explain the less known ones.

    Returns:
        A sentence, mostly without a period; `with_period` ends it, or the message that contains it.
    """
    where = _(" (line {line})", line=error.line) if error.line else EMPTY
    reason = str(error).rstrip(".。")
    text = _(": {text}", text=_plain(error)) if reason else EMPTY
    allocation = _ALLOCATION.search(reason)
    if allocation is not None:
        return _(
            "It ran out of memory{where}: it requested {size:,} bytes at once, more than a "
            "submission may use",
            where=where,
            size=int(allocation[1]),
        )
    match error.kind:
        case "EndlessError":
            return _describe_endless(error)
        case "MemoryError" | "_ArrayMemoryError":
            return _("It ran out of memory{where}{text}", where=where, text=text)
        case "RecursionError":
            return _(
                "It calls itself without end{where}: {kind}{text}",
                where=where,
                kind=error.kind,
                text=text,
            )
        case "NoTerminalError" | "BdbQuit":  # the latter by pdb.set_trace()
            return _(
                "It called breakpoint(){where}, but there is no terminal to debug in. Remove the "
                "call; what you print is shown in the report",
                where=where,
            )
        case "EOFError" if reason == "EOF when reading a line":
            return _(
                "It called input(){where}, but there is nobody to answer. Take everything from the "
                "arguments",
                where=where,
            )
        case "SystemExit":
            return _("It called sys.exit(){where}; a function must return instead", where=where)
        case _:
            raised = _("It raised {kind}{where}{text}", kind=error.kind, where=where, text=text)
            if error.details.get("refused"):
                return join(
                    with_period(raised),
                    _("The judge refuses submissions most files, the network and other programs"),
                )
            return _with_cause(with_source(raised, error), error)


def _plain(error: SubmissionError) -> Message:
    """Return the text of an exception without tracebacks of PyTorch and objects of the engine."""
    if not _INTERNAL.search(str(error)):
        return error.message
    lines = [line.strip() for line in str(error).splitlines()]
    kept = [line for line in lines if line and not _INTERNAL.search(line)]
    last = kept[-1:] if "TorchScript" in str(error) else kept
    return verbatim(" ".join(last))


def with_source(raised: Message, error: SubmissionError) -> Message:
    """Add the text of the line that is not valid Python to a message about an exception."""
    source = error.details.get("source")
    if not source:
        return raised
    return join(with_period(raised), _("The line is `{source}`", source=source))


def _with_cause(raised: Message, error: SubmissionError) -> Message:
    """Add the exception that the submission wrapped, or that came before this one."""
    kind, text = error.details.get("cause"), str(error.details.get("cause_text", ""))
    if not kind:
        return raised
    line = error.details.get("cause_line")
    where = _(" (line {line})", line=line) if line else EMPTY
    reason = _(": {text}", text=text.rstrip(".。")) if text else EMPTY
    cause = _("Its cause is {kind}{where}{text}", kind=kind, where=where, text=reason)
    return join(with_period(raised), cause)


def _describe_endless(error: SubmissionError) -> Message:
    """Say what a grader's probe interrupted."""
    limit = error.details.get("limit")
    if error.details.get("what") == "compiling":
        return _(
            "Compiling did not end within {limit} s and was stopped. torch.compile unrolls every "
            "Python loop that it traces; a loop without end is traced forever",
            limit=limit,
        )
    return _(
        "It never ends: it produced {limit} items and there were still more. Stop after the last "
        "one",
        limit=limit,
    )
