"""The words of the page, in the language in force."""

from __future__ import annotations

from torchkata.i18n.messages import say
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
        "title": say("torchkata report"),
        "skip": say("Skip to the exercises"),
        "theme": say("Light or dark"),
        "progress": say("Progress by chapter"),
        "run": say("This run"),
        "show": say("Show"),
        "show_all": say("everything"),
        "show_mend": say("to mend"),
        "show_passed": say("passed"),
        "show_todo": say("to do"),
        "none": say("No exercise was selected."),
        "open_all": say("Open all"),
        "close_all": say("Close all"),
        "mend": say("To mend"),
        "why": say("why"),
        "unsure": say("Without a verdict"),
        "next": say("Next"),
        "checks": say("Checks"),
        "check": say("Check"),
        "verdict": say("Verdict"),
        "costs": say("Costs"),
        "who": say("Answer"),
        "histogram": say("Ops by name"),
        "yours": say("yours"),
        "reference": say("reference"),
        "op": say("Op"),
        "growth": say("Growth"),
        "size": say("Size"),
        "allowed": say("the steepest allowed"),
        "as_table": say("The same as a table"),
        "prints": say("Your prints"),
        "shorter": say("Less is better; each axis is logarithmic."),
    }


def verdict_word(verdict: Verdict) -> str:
    """The name of a verdict."""
    return {
        Verdict.PASSED: say("passed"),
        Verdict.FAILED: say("failed"),
        Verdict.UNMEASURABLE: say("no verdict"),
    }[verdict]
