"""The class report: statistics of a class as one HTML page, for instructors only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from statistics import median
from typing import Any, Final

from torchkata.course.exercise import Exercise
from torchkata.i18n import EMPTY, Translator, _, quantities
from torchkata.instructor.feedback import charts
from torchkata.instructor.feedback.charts import STATE_ORDER, FiveNumberSummary
from torchkata.instructor.feedback.class_stats import COST_AXES, BudgetUse, ClassStats, NeedsReview
from torchkata.instructor.feedback.owned_folder import file_name
from torchkata.instructor.feedback.page_parts import count_bar, render_page, state_label
from torchkata.instructor.feedback.similarity import SimilarFiles
from torchkata.instructor.feedback.strings import class_strings, cost_description, cost_title
from torchkata.report import labels
from torchkata.report.html.page_parts import anchor, chapter_title
from torchkata.result import Localize

_MOST_PAIRS: Final = 200  # on the page; the CSV file has all
_MOST_TRAPS: Final = 15  # that are not folded
_MOST_REVIEWS: Final = 12  # exercises that are not folded
_MAX_NAME: Final = 40  # characters


def class_page(
    stats: ClassStats,
    similar: Mapping[str, SimilarFiles],
    facts: Sequence[tuple[str, str]],
    localize: Localize,
) -> str:
    """Return the class report as one HTML file.

    Args:
        stats: Of a class with at least one learner.
        similar: Similar files, by exercise.
        facts: Label and value of each entry of the footer.
        localize: Language of the page.
    """
    translate = localize("")
    names = {exercise.id: exercise.name for exercise in stats.exercises}
    counts = sum((Counter(each) for each in stats.states.values()), Counter[str]())
    traps = _traps(stats, localize)
    chapters = [
        (folder, list(exercises))
        for folder, exercises in groupby(stats.exercises, key=lambda exercise: exercise.chapter)
    ]
    headline = _(
        "{learners} learners, {exercises} exercises",
        learners=len(stats.totals),
        exercises=len(stats.exercises),
    )
    costs = (_costs(folder, exercises, stats, translate) for folder, exercises in chapters)
    return render_page(
        "class.html.j2",
        facts,
        translate,
        w=class_strings(translate),
        headline=translate(headline),
        counts=count_bar(counts, translate),
        reviews=[
            {"kind": kind, "rows": rows, "folded": len(rows) > _MOST_REVIEWS}
            for kind in ("undecided", "errors")
            if (rows := _reviews(stats.needs_review, names, kind == "undecided", translate))
        ],
        problems=[
            {
                "learner": _learner_link(learner),
                "problems": [translate(problem.message) for problem in problems],
            }
            for learner, problems in stats.problems.items()
        ],
        late=[_learner_link(learner) for learner in stats.late],
        points=_points(stats, translate),
        passes=[_passes(folder, exercises, stats, translate) for folder, exercises in chapters],
        legend=[(state, translate(state_label(state))) for state in STATE_ORDER if counts[state]],
        traps=[part for part in (traps[:_MOST_TRAPS], traps[_MOST_TRAPS:]) if part],
        costs=[chapter for chapter in costs if chapter["panels"]],
        similar=_similar(similar, names, translate),
    )


def _learner_link(learner: str) -> dict[str, str]:
    shown = learner if len(learner) <= _MAX_NAME else learner[: _MAX_NAME - 1] + "…"
    return {"name": shown, "file": f"feedback/{file_name(learner)}.html"}


def _reviews(
    needs_review: Sequence[NeedsReview],
    names: Mapping[str, str],
    undecided: bool,  # noqa: FBT001 - private
    translate: Translator,
) -> list[dict[str, Any]]:
    """Return what needs review, by exercise and state, the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for each in needs_review:
        if each.undecided == undecided:
            groups.setdefault((names[each.exercise_id], each.state), []).append(each.learner)
    ranked = sorted(groups.items(), key=lambda item: -len(item[1]))
    return [
        {
            "exercise": exercise,
            "state": state,
            "label": translate(state_label(state)),
            "n": len(learners),
            "learners": [_learner_link(learner) for learner in learners],
        }
        for (exercise, state), learners in ranked
    ]


def _points(stats: ClassStats, translate: Translator) -> dict[str, Any]:
    possible = sum(float(exercise.spec.weight) for exercise in stats.exercises)
    totals = [total.points for total in stats.totals]
    waiting = sum(bool(total.undecided) for total in stats.totals)
    median_sentence = _(
        "The median is {median} of {possible} points.",
        median=labels.points(median(totals)),
        possible=labels.points(possible),
    )
    waiting_sentence = (
        _("1 learner has undecided points, which are not included.")
        if waiting == 1
        else _("{count} learners have undecided points, which are not included.", count=waiting)
    )
    title = translate(_("Points by learner"))
    return {
        "chart": charts.points_histogram(totals, possible, translate, name="points", title=title),
        "median": translate(median_sentence),
        "undecided": translate(waiting_sentence if waiting else EMPTY),
        "rows": [
            (f"{labels.points(start)} - {labels.points(end)}", quantities.count(n))
            for start, end, n in charts.points_bins(totals, possible)
        ],
    }


def _passes(
    folder: str, exercises: Sequence[Exercise], stats: ClassStats, translate: Translator
) -> dict[str, Any]:
    number, title = chapter_title(folder)
    rows = [(exercise.name, stats.states[exercise.id]) for exercise in exercises]
    states = [state for state in STATE_ORDER if any(counts[state] for _name, counts in rows)]
    return {
        "number": number,
        "title": title,
        "chart": charts.state_bars(rows, translate, name=f"p-{anchor(folder)}", title=title),
        "heads": [translate(state_label(state)) for state in states],
        "rows": [
            (name, [quantities.count(counts[state]) for state in states]) for name, counts in rows
        ],
    }


def _traps(stats: ClassStats, localize: Localize) -> list[dict[str, Any]]:
    """Return each exercise's traps, the most frequent first."""
    traps = [
        {
            "exercise": exercise.name,
            "trap": trap,
            "n": n,
            "sentence": localize(exercise.id)(
                stats.trap_sentences[exercise.id, trap].most_common(1)[0][0]
            ),
        }
        for exercise in stats.exercises
        for trap, n in stats.traps[exercise.id].items()
    ]
    return sorted(traps, key=lambda trap: -trap["n"])


def _costs(
    folder: str, exercises: Sequence[Exercise], stats: ClassStats, translate: Translator
) -> dict[str, Any]:
    """Return the charts of one chapter; there are none if no submission was measured."""
    number, chapter = chapter_title(folder)
    panels = []
    for axis in COST_AXES:
        uses = {exercise.name: stats.budget_use[exercise.id, axis] for exercise in exercises}
        rows = [(name, [use.share for use in used]) for name, used in uses.items() if used]
        if rows:
            title = translate(cost_title(axis))
            chart = charts.budget_chart(
                rows, translate, name=f"c-{anchor(folder)}-{axis}", title=f"{chapter}: {title}"
            )
            panels.append(
                {
                    "title": title,
                    "description": translate(cost_description(axis)),
                    "chart": chart,
                    "rows": [(name, *_cost_cells(used)) for name, used in uses.items() if used],
                }
            )
    return {"number": number, "title": chapter, "panels": panels}


def _cost_cells(uses: Sequence[BudgetUse]) -> tuple[str, ...]:
    five = FiveNumberSummary.of([use.share for use in uses])
    exceeded = sum(use.exceeded for use in uses)
    spread = (
        five.minimum, five.lower_quartile, five.median, five.upper_quartile, five.maximum,
    )  # fmt: skip
    counts = (quantities.count(exceeded), quantities.count(five.count))
    return (*counts, *map(quantities.ratio, spread))


def _similar(
    similar: Mapping[str, SimilarFiles], names: Mapping[str, str], translate: Translator
) -> dict[str, Any]:
    pairs = [(exercise_id, pair) for exercise_id, files in similar.items() for pair in files.pairs]
    pairs.sort(key=lambda each: (-each[1].share * each[1].shared, each[0]))
    several = {exercise_id: files for exercise_id, files in similar.items() if files.files > 1}
    too_short = sum(files.compared <= 1 for files in several.values())
    more = _("{count} more are in `similar.csv`.", count=len(pairs) - _MOST_PAIRS)
    none = _(
        "In {count} of {total} exercises no two files were long enough.",
        count=too_short,
        total=len(several),
    )
    return {
        "pairs": [
            {
                "exercise": names[exercise_id],
                "one": _learner_link(pair.one),
                "other": _learner_link(pair.other),
                "share": f"{pair.share:.0%}",
                "shared": quantities.count(pair.shared),
            }
            for exercise_id, pair in pairs[:_MOST_PAIRS]
        ],
        "more": translate(more if len(pairs) > _MOST_PAIRS else EMPTY),
        "compared": [
            (names[exercise_id], quantities.count(files.files), quantities.count(files.compared))
            for exercise_id, files in several.items()
        ],
        "none": translate(none if too_short else EMPTY),
    }
