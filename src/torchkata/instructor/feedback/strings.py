"""Static strings of the class report, keyed by template variable."""

from __future__ import annotations

from typing import Final

from torchkata.i18n import Message, Translator, _

_STRINGS: Final = {
    "title": _("torchkata class report"),
    "skip": _("Skip to the report"),
    "theme": _("Light or dark"),
    "run": _("About this page"),
    "private": _(
        "This page is for instructors: it names learners and lists similar files. Do not share it. "
        "The pages for learners are in the folder feedback."
    ),
    "contents": _("On this page"),
    "review": _("Needs review"),
    "nothing": _("Nothing needs review: every submission has its points."),
    "undecided": _("Without points until you decide"),
    "undecided_text": _(
        "A speed check was undecided three times, or the judge crashed. None of these submissions "
        "counts as 0. Grade one again with "
        "`nox -s gradebook -- --out DIR --replay LEARNER EXERCISE` when the machine is less busy, "
        "and enter its points by hand."
    ),
    "errors": _("Cannot be loaded, or ended their process"),
    "errors_text": _(
        "These submissions have 0 points. If many learners have the same problem in an exercise, "
        "review one of them: the statement may be unclear."
    ),
    "all": _("Exercises and learners"),
    "learners": _("Learners"),
    "problems": _("Submissions with rejected files"),
    "late": _("Late"),
    "late_text": _("Points are not reduced. Any penalty is up to you."),
    "learner": _("Learner"),
    "other": _("Other learner"),
    "exercise": _("Exercise"),
    "state": _("State"),
    "count": _("Count"),
    "points": _("Points"),
    "passes": _("Passes by exercise"),
    "traps": _("Traps"),
    "traps_text": _(
        "Known traps in the submissions that failed. The sentence is the one that learners read "
        "when they grade their own file; a line number in it refers to one learner's file."
    ),
    "no_traps": _("None of the failed submissions matches a known trap."),
    "more_traps": _("Less frequent traps"),
    "trap": _("Trap"),
    "costs": _("Costs"),
    "costs_text": _(
        "The share of each budget that passed and failed submissions use, on log axes. The dashed "
        "line is the budget; submissions on it or left of it pass. A thick line spans the middle "
        "half of the class, a thin one the whole class, and the ring is the median."
    ),
    "no_costs": _("No submission was measured against a budget."),
    "exceeded": _("over budget"),
    "submissions": _("submissions"),
    "minimum": _("minimum"),
    "lower_quartile": _("lower quartile"),
    "median": _("median"),
    "upper_quartile": _("upper quartile"),
    "maximum": _("maximum"),
    "similar": _("Similar files"),
    "similar_text": _(
        "These pairs are for you to review; they prove nothing. Two learners who worked together "
        "or read the same page look the same as two of whom one copied. Text of the course itself "
        "(stub, solution, alternatives, traps, grader) does not count. In a class of 20 files or "
        "more, neither does text that more than a third of them share. Names, comments, layout and "
        "the order of functions are ignored."
    ),
    "no_similar": _("No two files are similar."),
    "share": _("Similarity"),
    "shared": _("Passages"),
    "compared": _("Number of compared files"),
    "compared_text": _(
        "A file is compared only if enough of it is its author's own work, because short solutions "
        "are similar anyway."
    ),
    "files": _("Files"),
    "enough": _("Compared"),
    "range": _("Points"),
    "as_table": _("Show as a table"),
}

_COST_TITLES: Final = {"speed": _("Time"), "ops": _("Ops"), "memory": _("Extra memory")}
_COST_DESCRIPTIONS: Final = {
    "speed": _("time, relative to the time that the required speedup allows"),
    "ops": _("ops, relative to the limit"),
    "memory": _("extra bytes, relative to the limit"),
}


def class_strings(translate: Translator) -> dict[str, str]:
    """Return the static strings of the class report in the language of a translator."""
    return {name: translate(message) for name, message in _STRINGS.items()}


def cost_title(axis: str) -> Message:
    """Return the name of a cost."""
    return _COST_TITLES[axis]


def cost_description(axis: str) -> Message:
    """Return what a chart of a cost shows."""
    return _COST_DESCRIPTIONS[axis]
