"""A learner's feedback as one HTML page, in the style of the learner's report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from typing import Any, Final

from torchkata.i18n import EMPTY, Message, Translator, _, quantities
from torchkata.instructor.feedback.learner_data import ExerciseFeedback, LearnerFeedback
from torchkata.instructor.feedback.page_parts import (
    count_bar,
    render_page,
    state_label,
    symbol,
)
from torchkata.instructor.gradebook.redaction import RedactedCheck
from torchkata.report import labels
from torchkata.report.grouping import group_findings
from torchkata.report.html.page_parts import anchor, chapter_title
from torchkata.result import AXES, CheckResult, Localize, State, Verdict

_COSTS: Final[tuple[tuple[str, str, Callable[[float], str]], ...]] = (
    ("ratio", "threshold", quantities.ratio),
    ("ops", "ops_allowed", quantities.count),
    ("synchronisations", "synchronisations_allowed", quantities.count),
    ("extra_bytes", "extra_bytes_allowed", quantities.size),
    ("exponent", "exponent_allowed", "{:.2f}".format),
)
"""Keys of a cost and of its limit, and the format of both."""

_STRINGS: Final = {
    "title": _("torchkata feedback"),
    "skip": _("Skip to the exercises"),
    "theme": _("Light or dark"),
    "run": _("About this page"),
    "rejected": _("Rejected files"),
    "points": _("Points"),
    "costs": _("Costs"),
    "cost": _("Budget"),
    "yours": _("yours"),
    "limit": _("limit"),
    "checks": _("Checks"),
    "findings": _("To fix"),
    "undecided": _("No verdict"),
}


def learner_page(
    feedback: LearnerFeedback, facts: Sequence[tuple[str, str]], localize: Localize
) -> str:
    """Return a learner's feedback as one HTML file.

    Args:
        feedback: The feedback.
        facts: Label and value of each entry of the footer.
        localize: Language of the page.
    """
    translate = localize("")
    chapters: dict[str, list[ExerciseFeedback]] = {}
    for each in feedback.exercises:
        chapters.setdefault(each.exercise.chapter, []).append(each)
    headline = _points_of(feedback.points, feedback.possible_points)
    return render_page(
        "learner.html.j2",
        facts,
        translate,
        w={name: translate(message) for name, message in _STRINGS.items()},
        learner=feedback.learner,
        headline=translate(headline),
        lines=[translate(line) for line in _lines(feedback)],
        problems=[translate(problem.message) for problem in feedback.record.problems],
        counts=count_bar(feedback.state_counts, translate),
        chapters=[_chapter(folder, each, localize) for folder, each in chapters.items()],
    )


def _points_of(points: float, possible: float) -> Message:
    return _(
        "{points} of {possible} points",
        points=labels.points(points),
        possible=labels.points(possible),
    )


def _lines(feedback: LearnerFeedback) -> Iterator[Message]:
    record = feedback.record
    if feedback.undecided_points:
        yield _(
            "Undecided: {points} more points. A person has to review your submission first; it "
            "does not count as 0.",
            points=labels.points(feedback.undecided_points),
        )
    if record.handed_in:
        when = record.handed_in.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        yield _("Submitted {when} UTC.", when=when)
    if record.late:
        yield _("Submitted after the deadline. Any penalty is up to your instructor.")


def _chapter(
    folder: str, exercises: Sequence[ExerciseFeedback], localize: Localize
) -> dict[str, Any]:
    number, title = chapter_title(folder)
    points = sum(each.cell.points or 0.0 for each in exercises)
    possible = sum(each.cell.weight for each in exercises)
    return {
        "anchor": "chapter-" + anchor(folder),
        "number": number,
        "title": title,
        "tally": localize("")(_points_of(points, possible)),
        "exercises": [_exercise(each, localize(each.exercise.id)) for each in exercises],
    }


def _exercise(feedback: ExerciseFeedback, translate: Translator) -> dict[str, Any]:
    exercise, cell = feedback.exercise, feedback.cell
    failed, undecided = (
        [
            (translate(labels.axis(finding.axis)), translate(finding.message))
            for finding in group_findings(
                [_as_result(check) for check in feedback.findings if check.verdict is verdict]
            )
        ]
        for verdict in (Verdict.FAILED, Verdict.UNMEASURABLE)
    )
    points = (
        translate(_("undecided"))
        if cell.points is None
        else f"{labels.points(cell.points)} / {labels.points(cell.weight)}"
    )
    axes = () if cell.state == State.PASSED else AXES  # after a pass they add nothing
    return {
        "anchor": anchor(exercise.id),
        "name": exercise.name,
        "state": cell.state,
        "label": translate(state_label(cell.state)),
        "symbol": symbol(cell.state),
        "kind": "failing" if failed or cell.points is None else cell.state,
        "points": points,
        "message": translate(_message(feedback)),
        "findings": failed,
        "undecided": undecided,
        "costs": [cost for check in feedback.findings for cost in _costs(check, translate)],
        "axes": [_axis(axis, feedback, translate) for axis in axes if axis in feedback.axes],
    }


def _message(feedback: ExerciseFeedback) -> Message:
    if feedback.cell.points is None:
        return _("A person will review it; it does not count as 0.")
    if feedback.cell.state in (State.PASSED, State.FAILED):
        return EMPTY
    return feedback.cell.message


def _as_result(check: RedactedCheck) -> CheckResult:
    return CheckResult(
        id=check.id,
        axis=check.axis,
        verdict=check.verdict,
        case=check.case,
        device=check.device,
        message=check.message,
    )


def _costs(check: RedactedCheck, translate: Translator) -> Iterator[dict[str, Any]]:
    for cost, limit, form in _COSTS:
        if cost in check.metrics and limit in check.metrics:
            bound = form(check.metrics[limit])
            name, case = map(translate, labels.check_name(_as_result(check)))
            yield {
                "name": name,
                "case": case,
                "yours": form(check.metrics[cost]),
                "limit": translate(
                    _("at least {bound}", bound=bound)
                    if cost == "ratio"
                    else _("at most {bound}", bound=bound)
                ),
                "verdict": check.verdict.value,
            }


def _axis(axis: str, feedback: ExerciseFeedback, translate: Translator) -> dict[str, str]:
    passed, total = feedback.axes[axis]
    has_failed = any(
        check.axis == axis and check.verdict is Verdict.FAILED for check in feedback.findings
    )
    others = Verdict.PASSED if passed == total else Verdict.UNMEASURABLE
    label = labels.axis(axis)
    sentence = _("{axis}: {passed} of {total} passed", axis=label, passed=passed, total=total)
    return {
        "verdict": (Verdict.FAILED if has_failed else others).value,
        "tally": f"{translate(label)} {passed}/{total}",
        "tally_sentence": translate(sentence),
    }
