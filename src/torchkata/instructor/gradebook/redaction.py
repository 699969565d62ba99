"""What a learner may be told of a verdict on hidden cases: rules, names and sizes, never values.

Only what the judge itself made is passed on. Texts of exceptions, prints and compared values stay
behind: a submission could have written hidden inputs into them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from torchkata.i18n import _
from torchkata.result import State, Verdict

_COUNTED: Final = ("ops", "memory", "speed")  # axes whose figures are costs, not values


def finding(check: Mapping[str, Any]) -> dict[str, Any]:
    """One check without what it compared.

    Args:
        check: as in the report's JSON.
    """
    axis = str(check["axis"])
    return {
        "check": check["id"],
        "axis": axis,
        "case": check["case"],
        "device": check["device"],
        "verdict": check["verdict"],
        "message": _message(axis, str(check["verdict"])),
        "figures": dict(check["figures"]) if axis in _COUNTED else {},
    }


def summary(state: str, result: Mapping[str, Any]) -> str:
    """One line on a verdict, for a cell of a table."""
    failed = [check for check in result["checks"] if check["verdict"] == Verdict.FAILED]
    match state:
        case State.PASSED:
            return _("Everything holds.")
        case State.TODO:
            return _("Not started, or not finished.")
        case State.TIMEOUT:
            return _("It took longer than a request may take.")
        case State.UNMEASURABLE:
            return _("Nothing is wrong, but the clock could not decide; look at it by hand.")
    if not failed:
        return _("It could not be judged; look at it by hand.")
    axes = ", ".join(dict.fromkeys(str(check["axis"]) for check in failed))
    if state == State.ERROR:
        return _("The file cannot be loaded, or it ended its process ({axes}).", axes=axes)
    return _("Failed on {axes}. First: {first}", axes=axes, first=_first(failed[0]))


def _message(axis: str, verdict: str) -> str:
    if verdict == Verdict.UNMEASURABLE:
        return _("Not decided: something else has to be right first, or the clock wavered.")
    return _sentence(axis) if verdict == Verdict.FAILED else ""


def _first(check: Mapping[str, Any]) -> str:
    case = _(" Case: {case}.", case=str(check["case"]).rstrip(".")) if check["case"] else ""
    return _sentence(str(check["axis"])) + case


def _sentence(axis: str) -> str:
    return {
        "contract": _("A name, its parameters or the kind of the result is not as asked."),
        "shape": _("The result has another shape than was asked for."),
        "dtype": _("The result has another dtype than was asked for."),
        "values": _("Some values are wrong."),
        "stability": _("Some values are wrong for inputs at the edges of the dtype."),
        "device": _("It does not work where the inputs live on another device."),
        "purity": _("An argument was changed, or was not where that was asked for."),
        "gradient": _("The gradient is missing or wrong."),
        "ops": _("It takes more operations, or waits for the device more often, than allowed."),
        "memory": _("It takes more memory than allowed."),
        "speed": _("It is slower than was asked for."),
    }.get(axis, _("It is not as asked."))
