"""How states, verdicts, axes, contenders and points look in every report."""

from __future__ import annotations

from typing import Final

from torchkata.i18n import EMPTY, Message, _, verbatim
from torchkata.result import CheckResult, State, Verdict

SYMBOLS: Final = {
    State.PASSED: "✓",
    State.FAILED: "✗",
    State.ERROR: "!",
    State.TIMEOUT: "∞",
    State.UNMEASURABLE: "?",
    State.TODO: "·",
}
"""One symbol per state, in the order in which reports count states."""

TERMINAL_SYMBOLS: Final = {**SYMBOLS, State.TIMEOUT: "!"}
"""The symbols in a terminal, where the infinity sign may take two cells."""

ASCII_SYMBOLS: Final = {
    State.PASSED: "+",
    State.FAILED: "x",
    State.ERROR: "!",
    State.TIMEOUT: "!",
    State.UNMEASURABLE: "?",
    State.TODO: "-",
}

STYLES: Final[dict[str, str]] = {
    State.PASSED: "green",
    State.FAILED: "red",
    State.ERROR: "red",
    State.TIMEOUT: "red",
    State.UNMEASURABLE: "yellow",
    State.TODO: "dim",
}
"""The terminal style of each state."""

_STATES: Final = {
    State.TODO: _("todo"),
    State.PASSED: _("passed"),
    State.FAILED: _("failed"),
    State.ERROR: _("error"),
    State.TIMEOUT: _("timeout"),
    State.UNMEASURABLE: _("unmeasurable"),
    "not graded yet": _("not graded yet"),  # of torchkata.learner.progress
}
_VERDICTS: Final = {
    Verdict.PASSED: _("passed"),
    Verdict.FAILED: _("failed"),
    Verdict.UNMEASURABLE: _("no verdict"),
}
_AXES: Final = {
    "contract": _("contract"),
    "shape": _("shape"),
    "dtype": _("dtype"),
    "values": _("values"),
    "stability": _("stability"),
    "device": _("device"),
    "purity": _("purity"),
    "gradient": _("gradient"),
    "ops": _("ops"),
    "memory": _("memory"),
    "speed": _("speed"),
}
_CONTENDERS: Final = {"yours": _("yours"), "reference": _("reference")}


def state(name: str) -> Message:
    """Return the label of a state such as `passed`; an unknown name is its own label."""
    return _STATES.get(name) or verbatim(name)


def verdict(name: Verdict) -> Message:
    """Return the label of a check's verdict."""
    return _VERDICTS[name]


def axis(name: str) -> Message:
    """Return the label of an axis such as `values`; an unknown name is its own label."""
    return _AXES.get(name) or verbatim(name)


def contender(name: str) -> Message:
    """Return the label of a contender: `yours`, `reference`, or the name of a baseline."""
    return _CONTENDERS.get(name) or Message(name)


def points(value: float) -> str:
    """Format points without trailing zeros: `1`, `0.5`."""
    return f"{value:g}"


def check_name(check: CheckResult) -> tuple[Message, Message]:
    """Return the name of a check, and its case or claim unless the name tells it already."""
    name = check.id.partition("::")[2].removeprefix(check.axis)
    name = name.removeprefix("[").removesuffix("]")
    case = check.case or check.description
    if name and name in (str(check.case), str(check.case.values.get("case", ""))):
        return case, EMPTY
    return verbatim(name) or axis(check.axis), case
