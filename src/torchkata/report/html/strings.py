"""The words of the page, in the language in force."""

from __future__ import annotations

from torchkata.i18n import _
from torchkata.result import State, Verdict

SYMBOLS = {
    State.PASSED: "✓",
    State.FAILED: "✗",
    State.ERROR: "!",
    State.TIMEOUT: "∞",
    State.UNMEASURABLE: "?",
    State.TODO: "·",
}
"""One per state, in the order in which states are counted."""


def page_words() -> dict[str, str]:
    """What stands on the page whatever was judged, by the names that the templates use."""
    return {
        "title": _("torchkata report"),
        "skip": _("Skip to the exercises"),
        "theme": _("Light or dark"),
        "progress": _("Progress by chapter"),
        "run": _("This run"),
        "show": _("Show"),
        "show_all": _("everything"),
        "show_mend": _("to mend"),
        "show_passed": _("passed"),
        "show_todo": _("to do"),
        "none": _("No exercise was selected."),
        "open_all": _("Open all"),
        "close_all": _("Close all"),
        "mend": _("To mend"),
        "why": _("why"),
        "unsure": _("Without a verdict"),
        "next": _("Next"),
        "checks": _("Checks"),
        "check": _("Check"),
        "verdict": _("Verdict"),
        "costs": _("Costs"),
        "who": _("Answer"),
        "histogram": _("Ops by name"),
        "yours": _("yours"),
        "reference": _("reference"),
        "op": _("Op"),
        "growth": _("Growth"),
        "size": _("Size"),
        "allowed": _("the steepest allowed"),
        "as_table": _("The same as a table"),
        "prints": _("Your prints"),
        "shorter": _("Less is better; each axis is logarithmic."),
    }


def verdict_word(verdict: Verdict) -> str:
    """The name of a verdict."""
    return {
        Verdict.PASSED: _("passed"),
        Verdict.FAILED: _("failed"),
        Verdict.UNMEASURABLE: _("no verdict"),
    }[verdict]
