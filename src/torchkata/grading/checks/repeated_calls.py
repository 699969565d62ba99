"""Calls one after another: a result must depend on the values of the arguments alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from torchkata.course.spec.function import Function
from torchkata.errors import SubmissionError
from torchkata.grading.checks.check import describe_exception
from torchkata.grading.checks.outputs import from_difference
from torchkata.grading.compare import differences
from torchkata.grading.outcome import Outcome, failed, passed
from torchkata.grading.processes import Skipped
from torchkata.grading.replies import argument_changes, unreadable_reply
from torchkata.grading.session import ProbeCall, Session
from torchkata.grading.trees import cast_like, same_leaves, to_float64
from torchkata.i18n import EMPTY, Message, _, join, with_period
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.worker import watched_calls

MODE_SENTENCES: Final[dict[str, Message]] = {
    "plain": EMPTY,
    "no_grad": _("The call was made under torch.no_grad()."),
    "inference_mode": _("The call was made under torch.inference_mode()."),
    "non_leaf": _("The arguments were results of other operations that require grad."),
}
_MOST_NAMES: Final = 10
_TURNS: Final = range(2, 8)
_SITUATIONS: Final[dict[str, Message]] = {
    "second": _(
        "This was the second of two calls, with other values of the same shapes. A result must "
        "not be stored and returned again."
    ),
    "overwritten": _(
        "The same tensors were passed a second time after their values had been overwritten in "
        "place. A result must not be looked up by an address, an id or a shape."
    ),
    "reused": _(
        "The tensors of an earlier call no longer existed, and new ones may use their memory. A "
        "result must not be looked up by an address, an id or a shape."
    ),
}


@dataclass(frozen=True, kw_only=True)
class RepeatedReply:
    """What happened in several calls in one mode.

    Attributes:
        values: results by situation.
        kept: whether the results of two calls share memory.
        changes: (position, change) of each argument that a call changed.
        reseeded: random generators that each call sets to the same state.
        error: what was raised instead.
    """

    values: dict[str, Any]
    kept: bool = False
    changes: tuple[tuple[int, str], ...] = ()
    reseeded: tuple[str, ...] = ()
    error: SubmissionError | None = None


@dataclass(frozen=True, kw_only=True)
class RepeatedCalls:
    """Both contenders in one mode.

    Attributes:
        submission: what the submission did.
        expected: the reference's results by situation; empty if it cannot be called in this mode.
        precise: the same for inputs in float64.
        reference_keeps: whether the results of the reference share memory.
    """

    submission: RepeatedReply
    expected: dict[str, Any] = field(default_factory=dict)
    precise: dict[str, Any] = field(default_factory=dict)
    reference_keeps: bool = False


def repeated_calls(session: Session, function: Function, mode: str) -> RepeatedCalls:
    """Call submission and reference several times in one mode; once per session."""
    key = ("repeated", function.name, mode)
    if key not in session.metered:
        session.metered[key] = _repeated_calls(session, function, mode)
    known: RepeatedCalls = session.metered[key]
    return known


def _repeated_calls(session: Session, function: Function, mode: str) -> RepeatedCalls:
    processes, other = session.processes, _turn_with_another_result(session, function)

    def arguments(*, in_float64: bool = False) -> tuple[Any, ...]:
        first, second = _drawn(session, function, 1), _drawn(session, function, other)
        if in_float64:
            first, second = to_float64(first), to_float64(second)
        return function.name, first, second, mode

    def request(worker: WorkerClient, *, in_float64: bool = False) -> RepeatedReply:
        return _parse(worker.run(watched_calls.call_repeatedly, *arguments(in_float64=in_float64)))

    try:
        theirs = request(processes.reference_on())
    except SubmissionError:  # it cannot be called in this mode, such as a backward pass in no_grad
        return RepeatedCalls(submission=RepeatedReply(values={}))
    precise = processes.trusted(lambda: request(processes.reference_on(), in_float64=True))
    session.note(ProbeCall(probe=watched_calls.call_repeatedly, arguments=arguments))
    try:
        mine = request(processes.worker_on())
    except SubmissionError as error:
        if error.todo:
            raise
        mine = RepeatedReply(values={}, error=error)
    return RepeatedCalls(
        submission=mine,
        expected=theirs.values,
        precise=precise.values,
        reference_keeps=theirs.kept,
    )


def _drawn(session: Session, function: Function, turn: int) -> tuple[Any, ...]:
    return session.draw(function, function.repeated_case, turn=f"repeated {turn}")


def _turn_with_another_result(session: Session, function: Function) -> int:
    """Return which drawn arguments the second call gets: the first with another result.

    A stored result of the first call would be right if the results were equal, such as counts.
    """
    key = ("turn", function.name)
    if key not in session.metered:
        first = session.expect(function.name, _drawn(session, function, 1))
        others = (
            turn
            for turn in _TURNS
            if not same_leaves(
                first, session.expect(function.name, _drawn(session, function, turn))
            )
        )
        session.metered[key] = next(others, _TURNS[0])
    turn: int = session.metered[key]
    return turn


def _parse(reply: Any) -> RepeatedReply:
    changes = argument_changes(reply)
    match reply:
        case {"values": dict(values), "kept": bool(kept), "reseeded": list(reseeded)}:
            names = tuple(str(name)[:40] for name in reseeded[:_MOST_NAMES])
            return RepeatedReply(values=values, kept=kept, changes=changes, reseeded=names)
    raise unreadable_reply()


def called_again(session: Session, function: Function) -> Outcome:
    """Judge the values of later calls, in each mode."""
    if function.name in session.learned.wrong_values | session.learned.wrong_shape:
        raise Skipped(_("Not judged: the values of single calls are wrong."))
    for mode in function.modes:
        finding = _wrong_in(session, function, mode)
        if finding is not None:
            return finding
    return passed()


def _wrong_in(session: Session, function: Function, mode: str) -> Outcome | None:
    case = function.repeated_case
    calls = repeated_calls(session, function, mode)
    mine = calls.submission
    if mine.error is not None:
        return failed(
            "raised",
            join(with_period(describe_exception(mine.error)), MODE_SENTENCES[mode]),
            case=case.label,
            error=mine.error,
        )
    for situation, expected in calls.expected.items():
        precise = calls.precise.get(situation)
        if case.tolerance is not None:
            expected = cast_like(precise, expected)  # noqa: PLW2901 - as in all comparisons
        found = differences(
            mine.values.get(situation),
            expected,
            precise=precise,
            tolerance=case.tolerance_for(function.dtypes[0]) or function.tolerance,
            dtype=False,
            name=f"`{function.name}`",
        )
        if found:
            again = _SITUATIONS.get(situation, EMPTY)
            return from_difference(found[0], case, join(again, MODE_SENTENCES[mode]))
    return None
