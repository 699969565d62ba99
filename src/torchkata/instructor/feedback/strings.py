"""The words of the class report, in the language in force."""

from __future__ import annotations

from torchkata.i18n.messages import say


def words() -> dict[str, str]:
    """What stands on the page whatever was counted, by the names that the template uses."""
    return {
        "title": say("torchkata class report"),
        "skip": say("Skip to the report"),
        "theme": say("Light or dark"),
        "run": say("About this page"),
        "private": say(
            "This is the instructor's page: it names learners and lists files that are alike. "
            "Do not hand it on; what learners may read lies in the folder feedback."
        ),
        "contents": say("On this page"),
        "look": say("Needs a look"),
        "nothing": say("Nothing waits for you: every answer has its points."),
        "open": say("Without points until you decide"),
        "open_what": say(
            "The clock wavered three times, or the judge itself ended. None of these counts as 0; "
            "repeat one with `nox -s gradebook -- --out DIR --replay LEARNER EXERCISE`, on a calm "
            "machine, and give the points by hand."
        ),
        "errors": say("Cannot be loaded, or ended their process"),
        "all": say("Which exercises, and whose answers"),
        "whose": say("Whose"),
        "errors_what": say(
            "They have 0 points. Where many learners stand at one exercise, look at one of them: "
            "something may be wrong with the statement."
        ),
        "problems": say("Hand-ins with files that could not be taken"),
        "late": say("Late"),
        "late_what": say("Points are not reduced; that is left to you."),
        "learner": say("Learner"),
        "other": say("Other learner"),
        "exercise": say("Exercise"),
        "state": say("State"),
        "count": say("Learners"),
        "points": say("Points"),
        "passes": say("Passes by exercise"),
        "traps": say("Traps"),
        "traps_what": say(
            "What the failed answers fell into, where the trap is a known one. The sentence is "
            "what its learner reads when grading at home; a line number in it is that learner's."
        ),
        "no_traps": say("No failed answer fell into a known trap."),
        "more_traps": say("Those that caught fewer"),
        "trap": say("Trap"),
        "costs": say("Costs"),
        "costs_what": say(
            "What right and wrong answers use of each budget, on log axes. The dashed line is the "
            "budget: what lies on it or left of it passes. A thick line holds the middle half of "
            "the class, a thin one all of it, the ring is the median."
        ),
        "no_costs": say("No answer was measured against a budget."),
        "over": say("over"),
        "answers": say("answers"),
        "least": say("least"),
        "lower": say("a quarter up to"),
        "middle": say("half up to"),
        "upper": say("three quarters up to"),
        "most": say("most"),
        "similar": say("Files that are alike"),
        "similar_what": say(
            "For you to look at, and for nobody to be judged by: two who sat side by side, or both "
            "read the same page, are listed like two of whom one copied. What the course itself "
            "says (stub, solution, alternatives, traps, grader) does not count, nor, from 20 files "
            "on, what more than a third of the class has; names, comments, layout and the order "
            "of functions do not matter."
        ),
        "no_similar": say("No two files are alike."),
        "share": say("Alike"),
        "shared": say("Passages"),
        "compared": say("How many files were compared"),
        "compared_what": say(
            "A file is compared where enough in it is its author's own; short answers are not, for "
            "they look alike by themselves."
        ),
        "files": say("Files"),
        "enough": say("Compared"),
        "range": say("Points"),
        "as_table": say("The same as a table"),
    }


def kind_title(kind: str) -> str:
    """A kind of cost."""
    return {"speed": say("Time"), "ops": say("Ops")}.get(kind, say("Extra memory"))


def kind_what(kind: str) -> str:
    """What is drawn of a kind of cost."""
    return {
        "speed": say("time, of the time that the speedup asked for leaves"),
        "ops": say("ops, of those allowed"),
    }.get(kind, say("extra bytes, of those allowed"))
