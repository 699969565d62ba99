"""The figures that an exercise is about: what its budgets allow, and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from torchkata.i18n import EMPTY, Message, _, comma_list, quantities
from torchkata.report.cost_table import REFERENCE, YOURS
from torchkata.result import CheckResult, CostRow, ExerciseResult, Verdict

_ALLOWED: Final = "_allowed"
_NAMES: Final = {
    "ops": _("ops"),
    "extra_bytes": _("extra memory at the peak"),
    "peak_bytes": _("memory at the peak"),
    "held_bytes": _("memory held at the end"),
    "synchronisations": _("host synchronizations"),
    "compilations": _("compilations"),
    "steps_of_padding": _("steps of padding"),
}
_MOST: Final = 3  # figures that are shown


def budget_figures(result: ExerciseResult) -> list[Message]:
    """Return what a pass measured for each budget, with its limit, its case and the reference.

    Args:
        result: A pass.
    """
    checks = [check for check in result.checks if check.verdict is Verdict.PASSED]
    found = [figure for check in checks for figure in _figures(check, result)]
    return list(dict.fromkeys(found))[:_MOST]


def is_budgeted(result: ExerciseResult, name: str) -> bool:
    """Return whether a check of the exercise limits a metric, such as `ops`."""
    return any(name + _ALLOWED in check.metrics for check in result.checks)


def _figures(check: CheckResult, result: ExerciseResult) -> Iterator[Message]:
    metrics, case = check.metrics, _case(check)
    if "ratio" in metrics and "threshold" in metrics:
        yield _figure(
            check,
            _("speedup"),
            quantities.ratio(metrics["ratio"]),
            _("at least {limit}", limit=quantities.ratio(metrics["threshold"])),
            _known(quantities.ratio, metrics.get("reference_ratio")),
        )
    for name, value in metrics.items():
        limit = metrics.get(name + _ALLOWED)
        if limit is None:
            continue
        if name == "exponent":
            yield _growth(check, result, value, limit)
            continue
        form = quantities.size if "bytes" in name.split("_") else quantities.count
        what = _NAMES.get(name) or Message(name.replace("_", " "))
        reference = _of_reference(result.cost_table, name, value, case)
        at_most = _("at most {limit}", limit=form(limit))
        yield _figure(check, what, form(value), at_most, _known(form, reference))


def _growth(check: CheckResult, result: ExerciseResult, value: float, limit: float) -> Message:
    theirs = [
        curve
        for curve in result.growth
        if curve.who == REFERENCE and curve.exponent_allowed == limit
    ]
    over = theirs[0].over if theirs else "n"
    reference = f"{over}^{theirs[0].exponent:.2f}" if theirs else ""
    at_most = _("at most {limit}", limit=f"{over}^{limit:g}")
    return _figure(check, _("growth"), f"{over}^{value:.2f}", at_most, reference)


def _figure(
    check: CheckResult, what: Message, yours: str, limit: Message, reference: str
) -> Message:
    parts: list[Message | str] = [limit]
    if reference:
        parts.append(_("reference: {value}", value=reference))
    if case := _case(check):
        parts.append(case)
    return _("{what}: {yours} ({facts})", what=what, yours=yours, facts=comma_list(parts))


def _case(check: CheckResult) -> Message:
    """Return the sizes that a budget states in the check's name, else the check's case."""
    _name, at, sizes = check.id.removesuffix("]").rpartition(" at ")
    return _("at {sizes}", sizes=sizes) if at and "=" in sizes else check.case or EMPTY


def _known(form: Callable[[float], str], value: float | None) -> str:
    return "" if value is None else form(value)


def _of_reference(rows: Sequence[CostRow], name: str, mine: float, case: Message) -> float | None:
    """Return a metric of the reference in the case in which the submission has this value."""
    if name == "ops":  # the table counts views too
        return None
    sizes = str(case.values.get("sizes", ""))
    for row in rows:
        if row.who == YOURS and row.metrics.get(name) == mine and sizes in str(row.case):
            theirs = (r for r in rows if r.who == REFERENCE and r.case == row.case)
            return next((r.metrics[name] for r in theirs if name in r.metrics), None)
    return None
