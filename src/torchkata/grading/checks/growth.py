"""The growth check: cost at several sizes, and the exponent that it rises with."""

from __future__ import annotations

from statistics import median
from typing import Any, Final

from torchkata.course.spec.budgets import Growth
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import CheckFailed
from torchkata.grading.checks.cost_attribution import risen
from torchkata.grading.checks.metering import measure
from torchkata.grading.checks.power_law import Growth, fit
from torchkata.grading.session import Session
from torchkata.i18n import _, join
from torchkata.result import GrowthCurve
from torchkata.sandbox.worker_client import Worker

_REPEATS: Final = 5  # of each timed size; the median decides


def growth(session: Session, function: Function, budget: Growth) -> dict[str, float]:
    """The cost rises with no larger an exponent than allowed.

    Returns:
        The exponent with its interval, and the cost at each size.
    """
    known: dict[float, dict[str, Any]] = {}
    mine, costs = _fitted(session, session.worker, function, budget, known)
    _note(session, "yours", function, budget, mine, costs)
    theirs, honest = session.trusted(lambda: _fitted(session, session.reference, function, budget))
    _note(session, "reference", function, budget, theirs, honest)
    figures = {
        "exponent": mine.exponent,
        "exponent_low": mine.low,
        "exponent_high": mine.high,
        "exponent_allowed": budget.at_most,
        **{f"{budget.of}_at_{size:g}": cost for size, cost in costs.items()},
    }
    if mine.exponent <= budget.at_most:
        return figures
    (small, few), *_unused, (large, many) = costs.items()
    cause = risen(known[small], known[large]) if known else ""
    told = _(
        "The {noun} grow like {over}^{exponent:.2f} (95%: {low:.2f} to {high:.2f}), at most "
        "{over}^{allowed:g} is allowed; the reference's grow like {over}^{theirs:.2f}. From "
        "{over}={small:g} to {large:g} they rose from {few:,.0f} to {many:,.0f}. Something is "
        "done again for all that came before.",
        noun=budget.noun(_),
        over=budget.over,
        exponent=mine.exponent,
        low=mine.low,
        high=mine.high,
        allowed=budget.at_most,
        theirs=theirs.exponent,
        small=small,
        large=large,
        few=few,
        many=many,
    )
    raise CheckFailed(join(told, cause), **figures)


def _note(
    session: Session,
    who: str,
    function: Function,
    budget: Growth,
    found: Growth,
    costs: dict[float, float],
) -> None:
    session.curves.append(
        GrowthCurve(
            who=who,
            function=function.name,
            over=budget.over,
            of=budget.of,
            points=tuple(costs.items()),
            exponent=found.exponent,
            exponent_low=found.low,
            exponent_high=found.high,
            exponent_allowed=budget.at_most,
        )
    )


def _fitted(
    session: Session,
    worker: Worker,
    function: Function,
    budget: Growth,
    known: dict[float, dict[str, Any]] | None = None,
) -> tuple[Growth, dict[float, float]]:
    """Fit the growth of a cost; what the meters read at each size is put into `known`."""
    costs: dict[float, float] = {}
    for size in budget.sizes:
        case = Case.timed({**budget.at, budget.over: size})
        costs[size], read = _cost(session, worker, function, budget, case)
        if known is not None and read:
            known[size] = read
    return fit(list(costs), list(costs.values())), costs


def _cost(
    session: Session, worker: Worker, function: Function, budget: Growth, case: Case
) -> tuple[float, dict[str, Any]]:
    if budget.of == "time":
        with session.launcher.turn():
            times = [_time(session, worker, function, case, turn) for turn in range(_REPEATS)]
        return median(times), {}
    bytes_asked = budget.of == "bytes"
    read: dict[str, Any] = measure(
        session, worker, function, case, ops=not bytes_asked, memory=bytes_asked
    )
    return float(read["memory"].total_bytes if bytes_asked else read["ops"].total), read


def _time(session: Session, worker: Worker, function: Function, case: Case, turn: int) -> float:
    _unused, timing = worker.call(function.name, [session.draw(function, case, turn=turn)])
    return float(timing.run_ns)
