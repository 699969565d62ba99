"""A learner's feedback as a page: the data of `learner`, in the look of the learner's report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from torchkata.course.translations import told_case
from torchkata.i18n import _
from torchkata.instructor.feedback.page_parts import (
    anchor,
    counts,
    points,
    rendered,
    symbol,
    title,
    word,
)
from torchkata.report import labels
from torchkata.report.grouping import grouped
from torchkata.result import AXES, CheckResult, State, Verdict

# A cost, what is allowed of it, and how both are written.
_COSTS: Final = (
    ("ratio", "threshold", quantities.ratio),
    ("ops", "ops_allowed", quantities.count),
    ("synchronisations", "synchronisations_allowed", quantities.count),
    ("extra_bytes", "extra_bytes_allowed", quantities.size),
    ("exponent", "exponent_allowed", "{:.2f}".format),
)


def learner_page(data: Mapping[str, Any], facts: Sequence[tuple[str, str]]) -> str:
    """Write a learner's feedback as one HTML file.

    Args:
        data: by the schema of `learner`.
        facts: what stands at the foot, label by label.
    """
    chapters: dict[str, list[Mapping[str, Any]]] = {}
    for each in data["exercises"]:
        chapters.setdefault(each["chapter"], []).append(each)
    return rendered(
        "learner.html.j2",
        facts,
        w=_words(),
        learner=data["learner"],
        headline=_headline(data),
        lines=list(_lines(data)),
        problems=data["problems"],
        counts=counts(data["summary"]),
        chapters=[_chapter(name, each) for name, each in chapters.items()],
    )


def _headline(data: Mapping[str, Any]) -> str:
    return _(
        "{points} of {possible} points",
        points=points(data["points"]),
        possible=points(data["points_possible"]),
    )


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    if data["points_open"]:
        yield _(
            "Not decided yet: {open} more. A person has to look first; it does not count as 0.",
            open=points(data["points_open"]),
        )
    if data["handed_in"]:
        yield _("Handed in {when}.", when=data["handed_in"][:16].replace("T", " ") + " UTC")
    if data["late"]:
        yield _("This came after the deadline; what follows from that, your instructor decides.")


def _chapter(name: str, exercises: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    number, words = title(name)
    return {
        "anchor": "chapter-" + anchor(name),
        "number": number,
        "title": words,
        "tally": _(
            "{points} of {possible} points",
            points=points(sum(each["points"] or 0.0 for each in exercises)),
            possible=points(sum(each["weight"] for each in exercises)),
        ),
        "exercises": [_exercise(each) for each in exercises],
    }


def _exercise(each: Mapping[str, Any]) -> dict[str, Any]:
    state, findings = each["state"], each["findings"]
    open_ = each["points"] is None
    found, unsure = (
        [
            (labels.axis(axis), text)
            for axis, text in grouped([_check(f) for f in findings if f["verdict"] == verdict])
        ]
        for verdict in (Verdict.FAILED, Verdict.UNMEASURABLE)
    )
    costs = [cost for finding in findings for cost in _costs(finding)]
    return {
        "anchor": anchor(each["id"]),
        "name": each["name"],
        "state": state,
        "word": word(state),
        "symbol": symbol(state),
        "kind": "mend" if found or open_ else state,
        "points": _("not decided")
        if open_
        else f"{points(each['points'])} / {points(each['weight'])}",
        "message": _message(each),
        "findings": found,
        "unsure": unsure,
        "costs": costs,
        "axes": [_axis(axis, each) for axis in AXES if axis in each["axes"]]
        if state != State.PASSED  # where every one is green, they say nothing
        else [],
    }


def _message(each: Mapping[str, Any]) -> str:
    if each["points"] is None:
        return _("A person will look at it; it does not count as 0.")
    return "" if each["state"] in (State.PASSED, State.FAILED) else str(each["message"])


def _check(finding: Mapping[str, Any]) -> CheckResult:
    return CheckResult(
        id=finding["check"],
        axis=finding["axis"],
        verdict=Verdict(finding["verdict"]),
        case=finding["case"],
        device=finding["device"],
        message=finding["message"],
    )


def _costs(finding: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    figures = finding["figures"]
    for cost, limit, written in _COSTS:
        if cost in figures and limit in figures:
            bound = written(figures[limit])
            what, case = _what(finding), told_case(finding["case"])
            yield {
                **(
                    {"what": case, "case": ""}
                    if case.startswith(what)
                    else {"what": what, "case": case}
                ),
                "yours": written(figures[cost]),
                "allowed": _("at least {bound}", bound=bound)
                if cost == "ratio"
                else _("at most {bound}", bound=bound),
                "verdict": finding["verdict"],
            }


def _what(finding: Mapping[str, Any]) -> str:
    what = str(finding["check"]).partition("::")[2].removeprefix(finding["axis"])
    return what.removeprefix("[").removesuffix("]") or labels.axis(finding["axis"])


def _axis(axis: str, each: Mapping[str, Any]) -> dict[str, str]:
    passed, total = each["axes"][axis]
    failed = any(f["axis"] == axis and f["verdict"] == Verdict.FAILED for f in each["findings"])
    verdict = Verdict.PASSED if passed == total else Verdict.UNMEASURABLE
    return {
        "verdict": (Verdict.FAILED if failed else verdict).value,
        "tally": f"{labels.axis(axis)} {passed}/{total}",
        "words": _(
            "{axis}: {passed} of {total} passed",
            axis=labels.axis(axis),
            passed=passed,
            total=total,
        ),
    }


def _words() -> dict[str, str]:
    return {
        "title": _("torchkata feedback"),
        "skip": _("Skip to the exercises"),
        "theme": _("Light or dark"),
        "run": _("About this page"),
        "not_taken": _("What could not be taken of your hand-in"),
        "points": _("Points"),
        "costs": _("Costs"),
        "cost": _("Budget"),
        "yours": _("yours"),
        "allowed": _("asked for"),
        "checks": _("Checks"),
        "mend": _("To mend"),
        "unsure": _("Without a verdict"),
    }
