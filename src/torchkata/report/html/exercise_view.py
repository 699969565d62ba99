"""One exercise as what its part of the page shows: plain values and pictures, no markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from torchkata.course.translations import told_case
from torchkata.i18n import _
from torchkata.report import cost_table, labels
from torchkata.report import text as units
from torchkata.report.grouping import grouped
from torchkata.report.html.cost_view import growths, ladders
from torchkata.report.html.metrics import in_words
from torchkata.report.html.strings import SYMBOLS, verdict_word
from torchkata.result import (
    AXES,
    FAILING,
    CheckResult,
    ExerciseResult,
    State,
    Verdict,
)

_LINES: Final = 60  # of the learner's prints
_CHARACTERS: Final = 3500


def anchor(result: ExerciseResult) -> str:
    """The id of an exercise on the page; ids of what stands in it begin with it."""
    return re.sub(r"[^\w-]", "", result.id.replace("/", "--"), flags=re.ASCII) or "exercise"


def view(result: ExerciseResult, folder: str | None) -> dict[str, Any]:
    """What the page shows of an exercise.

    Args:
        result: the exercise.
        folder: holds the submissions, for the paths in the advice; None where it stands alone,
            without advice and unfolded.
    """
    failed = [check for check in result.failed if check.message != result.message]
    unsure = [check for check in result.checks if check.verdict is Verdict.UNMEASURABLE]
    failing = result.state in FAILING or result.state is State.UNMEASURABLE
    return {
        "anchor": anchor(result),
        "id": result.id,
        "name": result.name,
        "state": result.state.value,
        "word": labels.state(result.state.value),
        "symbol": SYMBOLS[result.state],
        "kind": "mend" if failing else result.state.value,
        "message": result.message,
        "seconds": quantities.seconds(result.seconds) if result.seconds else "",
        "cost": cost_table.summary(result.ladder) if result.state is State.PASSED else "",
        "findings": _found(failed),
        "whys": [check.why for check in result.failed if check.why],
        "unsure": _found(unsure),
        "open": failing or folder is None,
        "next": []
        if result.state is State.PASSED or folder is None
        else list(_next(result, folder)),
        "axes": _axes(result.checks),
        "judged": _judged(len(result.checks)),
        "prints": _prints(result.output),
        "cut": _cut(result.output),
        "ladders": list(ladders(result.ladder, anchor(result))),
        "growths": list(growths(result.growth, anchor(result))),
        "bare": not (result.checks or result.output or result.ladder or failing),
    }


def _found(checks: Sequence[CheckResult]) -> list[tuple[str, str]]:
    return [(labels.axis(axis), text) for axis, text in grouped(checks)]


def _next(result: ExerciseResult, folder: str) -> Iterator[tuple[str, str]]:
    again = f"`nox -s grade -- {result.name}`"
    if result.state is State.UNMEASURABLE:
        yield _("Run"), _("{command} again, on a calm machine", command=again)
        return
    yield _("Edit"), f"`{folder}/{result.id}.py`"
    yield _("Run"), again
    yield _("Stuck?"), f"`nox -s hint -- {result.name}`"


def _judged(n: int) -> str:
    return _("1 check") if n == 1 else _("{n} checks", n=n)


def _axes(checks: Sequence[CheckResult]) -> list[dict[str, Any]]:
    """Checks by axis, in the order of mending; an axis that is not known comes last."""
    found = dict.fromkeys([*AXES, *(check.axis for check in checks)])
    groups = {axis: [check for check in checks if check.axis == axis] for axis in found}
    return [_axis(axis, group) for axis, group in groups.items() if group]


def _axis(axis: str, group: Sequence[CheckResult]) -> dict[str, Any]:
    verdicts = [check.verdict for check in group]
    worst = next((v for v in (Verdict.FAILED, Verdict.UNMEASURABLE) if v in verdicts), None)
    return {
        "axis": labels.axis(axis),
        "verdict": (worst or Verdict.PASSED).value,
        "tally": f"{verdicts.count(Verdict.PASSED)}/{len(group)}",
        "tally_words": _(
            "{axis}: {passed} of {total} passed",
            axis=labels.axis(axis),
            passed=verdicts.count(Verdict.PASSED),
            total=len(group),
        ),
        "checks": [_check(check) for check in group],
    }


def _check(check: CheckResult) -> dict[str, Any]:
    what = check.id.partition("::")[2].removeprefix(check.axis)
    what = what.removeprefix("[").removesuffix("]") or labels.axis(check.axis)
    case = told_case(check.case)
    if check.case.startswith(what):  # the case tells the same and more
        what, case = case, ""
    return {
        "what": what,
        "case": case,
        "verdict": check.verdict.value,
        "word": verdict_word(check.verdict),
        "message": check.message,
        "figures": in_words(check.figures),
    }


def _bounded(output: str) -> str:
    return "\n".join(units.plain(output, limit=_CHARACTERS).splitlines()[:_LINES]).rstrip()


def _prints(output: str) -> str:
    return _bounded(output) if output.strip() else ""


def _cut(output: str) -> str:
    if len(output) <= _CHARACTERS and len(output.splitlines()) <= _LINES:
        return ""
    return _("Cut here, of {n} characters.", n=quantities.count(len(output)))
