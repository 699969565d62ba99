"""Static strings of the pages, keyed by template variable."""

from __future__ import annotations

from typing import Final

from torchkata.i18n import Translator, _

_STRINGS: Final = {
    "title": _("torchkata report"),
    "skip": _("Skip to the exercises"),
    "theme": _("Light or dark"),
    "progress": _("Progress by chapter"),
    "run": _("This run"),
    "show": _("Show"),
    "show_all": _("everything"),
    "show_failing": _("to fix"),
    "show_passed": _("passed"),
    "show_todo": _("to do"),
    "none": _("No exercise was selected."),
    "open_all": _("Open all"),
    "close_all": _("Close all"),
    "findings": _("To fix"),
    "why": _("why"),
    "undecided": _("No verdict"),
    "next": _("Next"),
    "checks": _("Checks"),
    "check": _("Check"),
    "verdict": _("Verdict"),
    "costs": _("Costs"),
    "contender": _("Version"),
    "histogram": _("Ops by name"),
    "yours": _("yours"),
    "reference": _("reference"),
    "op": _("Op"),
    "growth": _("Growth"),
    "size": _("Size"),
    "allowed": _("steepest allowed"),
    "as_table": _("Show as a table"),
    "output": _("Your output"),
    "shorter": _("Lower is better."),
    "log": _("(log scale)"),
    "warnings": _("Warnings"),
    "comparison": _("Your code and the reference"),
}


def page_strings(translate: Translator) -> dict[str, str]:
    """Return the static strings of the page in the language of a translator."""
    return {name: translate(message) for name, message in _STRINGS.items()}
