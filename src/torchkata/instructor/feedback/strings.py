"""The words of the class report, in the language in force."""

from __future__ import annotations

from torchkata.i18n import _


def words() -> dict[str, str]:
    """What stands on the page whatever was counted, by the names that the template uses."""
    return {
        "title": _("torchkata class report"),
        "skip": _("Skip to the report"),
        "theme": _("Light or dark"),
        "run": _("About this page"),
        "private": _(
            "This is the instructor's page: it names learners and lists files that are alike. "
            "Do not hand it on; what learners may read lies in the folder feedback."
        ),
        "contents": _("On this page"),
        "look": _("Needs a look"),
        "nothing": _("Nothing waits for you: every answer has its points."),
        "open": _("Without points until you decide"),
        "open_what": _(
            "The clock wavered three times, or the judge itself ended. None of these counts as 0; "
            "repeat one with `nox -s gradebook -- --out DIR --replay LEARNER EXERCISE`, on a calm "
            "machine, and give the points by hand."
        ),
        "errors": _("Cannot be loaded, or ended their process"),
        "all": _("Which exercises, and whose answers"),
        "whose": _("Whose"),
        "errors_what": _(
            "They have 0 points. Where many learners stand at one exercise, look at one of them: "
            "something may be wrong with the statement."
        ),
        "problems": _("Hand-ins with files that could not be taken"),
        "late": _("Late"),
        "late_what": _("Points are not reduced; that is left to you."),
        "learner": _("Learner"),
        "other": _("Other learner"),
        "exercise": _("Exercise"),
        "state": _("State"),
        "count": _("Learners"),
        "points": _("Points"),
        "passes": _("Passes by exercise"),
        "traps": _("Traps"),
        "traps_what": _(
            "What the failed answers fell into, where the trap is a known one. The sentence is "
            "what its learner reads when grading at home; a line number in it is that learner's."
        ),
        "no_traps": _("No failed answer fell into a known trap."),
        "more_traps": _("Those that caught fewer"),
        "trap": _("Trap"),
        "costs": _("Costs"),
        "costs_what": _(
            "What right and wrong answers use of each budget, on log axes. The dashed line is the "
            "budget: what lies on it or left of it passes. A thick line holds the middle half of "
            "the class, a thin one all of it, the ring is the median."
        ),
        "no_costs": _("No answer was measured against a budget."),
        "over": _("over"),
        "answers": _("answers"),
        "least": _("least"),
        "lower": _("a quarter up to"),
        "middle": _("half up to"),
        "upper": _("three quarters up to"),
        "most": _("most"),
        "similar": _("Files that are alike"),
        "similar_what": _(
            "For you to look at, and for nobody to be judged by: two who sat side by side, or both "
            "read the same page, are listed like two of whom one copied. What the course itself "
            "says (stub, solution, alternatives, traps, grader) does not count, nor, from 20 files "
            "on, what more than a third of the class has; names, comments, layout and the order "
            "of functions do not matter."
        ),
        "no_similar": _("No two files are alike."),
        "share": _("Alike"),
        "shared": _("Passages"),
        "compared": _("How many files were compared"),
        "compared_what": _(
            "A file is compared where enough in it is its author's own; short answers are not, for "
            "they look alike by themselves."
        ),
        "files": _("Files"),
        "enough": _("Compared"),
        "range": _("Points"),
        "as_table": _("The same as a table"),
    }


def kind_title(kind: str) -> str:
    """A kind of cost."""
    return {"speed": _("Time"), "ops": _("Ops")}.get(kind, _("Extra memory"))


def kind_what(kind: str) -> str:
    """What is drawn of a kind of cost."""
    return {
        "speed": _("time, of the time that the speedup asked for leaves"),
        "ops": _("ops, of those allowed"),
    }.get(kind, _("extra bytes, of those allowed"))
