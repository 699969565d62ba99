"""Redaction: the part of a verdict on hidden cases that a learner may see.

It consists of rules, names, sizes and costs, never of values. Only texts that the engine makes are
passed on. Messages of exceptions, output and compared values are removed, because a submission
could have written hidden inputs into them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from torchkata.i18n import EMPTY, Message, _, comma_list, join, with_period
from torchkata.instructor.gradebook.db import stored_result
from torchkata.result import ExerciseResult, State, Verdict

_COST_AXES: Final = ("ops", "memory", "speed")  # axes whose metrics are costs, not values


@dataclass(frozen=True, kw_only=True)
class RedactedCheck:
    """The part of a check's result that a learner may see.

    Attributes:
        id: `NAME::AXIS[what]`.
        axis: One of `torchkata.result.AXES`.
        verdict: Passed, failed or unmeasurable.
        case: Label of the case.
        device: The device that was judged.
        message: A sentence on the axis; empty if the check passed.
        metrics: Costs with the unit in the key; all are finite numbers.
    """

    id: str
    axis: str
    verdict: Verdict
    case: Message
    device: str
    message: Message
    metrics: Mapping[str, float] = field(default_factory=dict)


def redact_check(check: Mapping[str, Any]) -> RedactedCheck:
    """Redact one check.

    Args:
        check: As the gradebook stores it; see `stored_result`.
    """
    axis, verdict = str(check["axis"]), Verdict(check["verdict"])
    return RedactedCheck(
        id=check["id"],
        axis=axis,
        verdict=verdict,
        case=Message.from_json(check["messages"]["case"]),
        device=check["device"],
        message=_message(axis, verdict),
        metrics=_costs(check["figures"]) if axis in _COST_AXES else {},
    )


def _costs(metrics: Mapping[str, object]) -> dict[str, float]:
    """Keep finite numbers: meters run beside the submission, which may have added other things."""
    return {
        str(name): value
        for name, value in metrics.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }


def redact(result: ExerciseResult) -> ExerciseResult:
    """Redact a whole result, for reports such as JUnit."""
    stored = stored_result(result)
    checks = []
    for check, data in zip(result.checks, stored["checks"], strict=True):
        shown = redact_check(data)
        checks.append(
            replace(
                check,
                message=shown.message,
                metrics=dict(shown.metrics),
                why=EMPTY,
                line=0,
                inputs=EMPTY,
            )
        )
    return replace(
        result,
        message=summarize(result.state, stored),
        checks=tuple(checks),
        output="",
        cost_table=(),
        growth=(),
        comparison=None,
    )


def summarize(state: str, result: Mapping[str, Any]) -> Message:
    """Summarize a verdict in one line.

    Args:
        state: The state of the exercise.
        result: As the gradebook stores it; see `stored_result`.
    """
    match state:
        case State.PASSED:
            return _("All checks passed.")
        case State.TODO:
            return _("Not started, or not finished.")
        case State.TIMEOUT:
            return _("A call took longer than the time limit.")
        case State.UNMEASURABLE:
            return _("Nothing is wrong, but speed is undecided. A person has to review it.")
    failed = [check for check in result["checks"] if check["verdict"] == Verdict.FAILED]
    if not failed:
        return _("It could not be graded. A person has to review it.")
    axes = comma_list(list(dict.fromkeys(str(check["axis"]) for check in failed)))
    if state == State.ERROR:
        return _("The file cannot be loaded, or it ended its process ({axes}).", axes=axes)
    check = redact_check(failed[0])
    first = join(check.message, _case_sentence(check.case))
    return _("Failed on {axes}. First: {first}", axes=axes, first=first)


def _case_sentence(case: Message) -> Message:
    """Return a sentence that names a case; empty if there is none."""
    return with_period(_("Case: {case}", case=case)) if case else case


def _message(axis: str, verdict: Verdict) -> Message:
    if verdict is Verdict.FAILED:
        return _axis_sentence(axis)
    if verdict is Verdict.UNMEASURABLE:
        return _("Undecided: another check has to pass first, or timing was too noisy.")
    return EMPTY


def _axis_sentence(axis: str) -> Message:
    return {
        "contract": _("A name, its parameters or the type of the result is not as specified."),
        "shape": _("The result has the wrong shape."),
        "dtype": _("The result has the wrong dtype."),
        "values": _("Some values are wrong."),
        "stability": _("Some values are wrong for inputs at the edges of the dtype's range."),
        "device": _("It does not work on another device."),
        "purity": _(
            "An argument was modified when it should not have been, or left unmodified when it "
            "should have been."
        ),
        "gradient": _("The gradient is missing or wrong."),
        "ops": _("It uses more ops or more host synchronizations than allowed."),
        "memory": _("It uses more memory than allowed."),
        "speed": _("It is slower than required."),
    }.get(axis, _("It is not as specified."))
