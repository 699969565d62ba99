"""The class report: what was counted, as one page with pictures, for the instructor alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from statistics import median
from typing import Any, Final

from torchkata.course.catalogue import Exercise
from torchkata.i18n import _, quantities
from torchkata.instructor.feedback import charts
from torchkata.instructor.feedback.charts import ORDER, Five
from torchkata.instructor.feedback.class_stats import KINDS, Look, Survey
from torchkata.instructor.feedback.filenames import file_name
from torchkata.instructor.feedback.page_parts import (
    anchor,
    counts,
    points,
    rendered,
    title,
    word,
)
from torchkata.instructor.feedback.similarity import Compared
from torchkata.instructor.feedback.strings import kind_title, kind_what, words

_MOST_PAIRS: Final = 200  # on the page; the table has all
_MOST_TRAPS: Final = 15  # that are not folded
_LONGEST: Final = 40  # characters of a name
_UNFOLDED: Final = 12  # exercises to look at; more are folded


def class_page(
    survey: Survey, alike: Mapping[str, Compared], facts: Sequence[tuple[str, str]]
) -> str:
    """Write the class report as one HTML file.

    Args:
        survey: the class, counted; every exercise of it has a row, and there is a learner at least.
        alike: by exercise, which files are alike.
        facts: what stands at the foot, label by label.
    """
    totals, traps = survey.totals, _traps(survey)
    names = {exercise.id: exercise.name for exercise in survey.exercises}
    summary = sum((Counter(each) for each in survey.states.values()), Counter[str]())
    chapters = [
        (name, list(exercises))
        for name, exercises in groupby(survey.exercises, key=lambda exercise: exercise.chapter)
    ]
    return rendered(
        "class.html.j2",
        facts,
        w=words(),
        headline=_(
            "{learners} learners, {exercises} exercises",
            learners=len(totals),
            exercises=len(survey.exercises),
        ),
        counts=counts(summary),
        looks=[
            {"kind": kind, "rows": rows, "folded": len(rows) > _UNFOLDED}
            for kind in ("open", "errors")
            if (rows := _looks(survey.looks, names, undecided=kind == "open"))
        ],
        problems=[
            {"learner": _who(learner), "problems": found}
            for learner, found in survey.problems.items()
        ],
        late=[_who(learner) for learner in survey.late],
        points=_points(survey),
        passes=[_passes(name, exercises, survey) for name, exercises in chapters],
        state_words=[(state, word(state)) for state in ORDER if summary[state]],
        traps=[part for part in (traps[:_MOST_TRAPS], traps[_MOST_TRAPS:]) if part],
        costs=[part for name, exercises in chapters if (part := _costs(name, exercises, survey))],
        similar=_similar(alike, names),
    )


def _who(learner: str) -> dict[str, str]:
    shown = learner if len(learner) <= _LONGEST else learner[: _LONGEST - 1] + "…"
    return {"name": shown, "file": f"feedback/{file_name(learner)}.html"}


def _looks(
    looks: Sequence[Look], names: Mapping[str, str], *, undecided: bool
) -> list[dict[str, Any]]:
    """What to look at, by exercise and state, that of many learners first."""
    found: dict[tuple[str, str], list[str]] = {}
    for look in looks:
        if look.open == undecided:
            found.setdefault((names[look.exercise_id], look.state), []).append(look.learner)
    ranked = sorted(found.items(), key=lambda item: -len(item[1]))
    return [
        {
            "exercise": exercise_id,
            "state": state,
            "word": word(state),
            "n": len(learners),
            "learners": [_who(learner) for learner in learners],
        }
        for (exercise_id, state), learners in ranked
    ]


def _points(survey: Survey) -> dict[str, Any]:
    possible = sum(float(exercise.grader.spec.weight) for exercise in survey.exercises)
    sums = [total.points for total in survey.totals]
    waiting = sum(bool(total.open) for total in survey.totals)
    return {
        "picture": charts.points(sums, possible, name="points", title=_("Points by learner")),
        "median": _(
            "The median is {middle} of {possible} points.",
            middle=points(median(sums)),
            possible=points(possible),
        ),
        "open": _(
            "Of {count} learners something is not decided yet; it is not in their points.",
            count=waiting,
        )
        if waiting
        else "",
        "rows": [
            (f"{points(low)} - {points(high)}", quantities.count(n))
            for low, high, n in charts.bins(sums, possible)
        ],
    }


def _passes(name: str, exercises: Sequence[Exercise], survey: Survey) -> dict[str, Any]:
    number, words_ = title(name)
    rows = [(exercise.name, survey.states[exercise.id]) for exercise in exercises]
    known = [state for state in ORDER if any(counted[state] for _unused, counted in rows)]
    return {
        "number": number,
        "title": words_,
        "picture": charts.states(rows, name=f"p-{anchor(name)}", title=words_),
        "heads": [word(state) for state in known],
        "rows": [
            (who, [quantities.count(counted[state]) for state in known]) for who, counted in rows
        ],
    }


def _traps(survey: Survey) -> list[dict[str, Any]]:
    """Each exercise's traps, those that caught most learners first."""
    found = [
        {
            "exercise": exercise.name,
            "trap": trap,
            "n": n,
            "said": survey.join[exercise.id, trap].most_common(1)[0][0],
        }
        for exercise in survey.exercises
        for trap, n in survey.traps[exercise.id].items()
    ]
    return sorted(found, key=lambda each: -each["n"])


def _costs(name: str, exercises: Sequence[Exercise], survey: Survey) -> dict[str, Any]:
    """The pictures of one chapter; empty where nothing in it has a budget that was judged."""
    number, words_ = title(name)
    panels = []
    for kind in KINDS:
        found = [(exercise.name, survey.spent[exercise.id, kind]) for exercise in exercises]
        rows = [(who, [each.share for each in spent]) for who, spent in found if spent]
        if rows:
            panels.append(
                {
                    "title": kind_title(kind),
                    "what": kind_what(kind),
                    "picture": charts.spent(
                        rows, name=f"c-{anchor(name)}-{kind}", title=f"{words_}: {kind_title(kind)}"
                    ),
                    "rows": [
                        (
                            who,
                            quantities.count(sum(each.over for each in spent)),
                            *_five(spent_shares),
                        )
                        for (who, spent), (_unused, spent_shares) in zip(
                            [each for each in found if each[1]], rows, strict=True
                        )
                    ],
                }
            )
    return {"number": number, "title": words_, "panels": panels} if panels else {}


def _five(shares: Sequence[float]) -> tuple[str, ...]:
    five = Five.of(shares)
    spread = (five.least, five.lower, five.middle, five.upper, five.most)
    return (quantities.count(five.count), *(quantities.ratio(value) for value in spread))


def _similar(alike: Mapping[str, Compared], names: Mapping[str, str]) -> dict[str, Any]:
    pairs = [(exercise_id, pair) for exercise_id, found in alike.items() for pair in found.pairs]
    pairs.sort(key=lambda each: (-each[1].share * each[1].shared, each[0]))
    handed = {exercise_id: found for exercise_id, found in alike.items() if found.files > 1}
    none = sum(found.compared <= 1 for found in handed.values())
    return {
        "pairs": [
            {
                "exercise": names[exercise_id],
                "one": _who(pair.one),
                "other": _who(pair.other),
                "share": f"{pair.share:.0%}",
                "shared": quantities.count(pair.shared),
            }
            for exercise_id, pair in pairs[:_MOST_PAIRS]
        ],
        "more": _("{count} more are in `similar.csv`.", count=len(pairs) - _MOST_PAIRS)
        if len(pairs) > _MOST_PAIRS
        else "",
        "compared": [
            (names[exercise_id], quantities.count(found.files), quantities.count(found.compared))
            for exercise_id, found in handed.items()
        ],
        "none": _(
            "In {count} of {total} exercises no two files had that much.",
            count=none,
            total=len(handed),
        )
        if none
        else "",
    }
