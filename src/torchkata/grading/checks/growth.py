"""The check of a growth budget: the cost at several sizes, and the exponent of its growth."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Final

from torchkata.course.spec.budgets import Growth
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.grading.checks.cost_attribution import largest_increase
from torchkata.grading.checks.metering import Measurement, measure
from torchkata.grading.checks.power_law import PowerLaw, fit
from torchkata.grading.outcome import Outcome, failed, passed
from torchkata.grading.session import Session
from torchkata.i18n import EMPTY, _, join
from torchkata.result import GrowthCurve
from torchkata.sandbox.worker_client import WorkerClient

_REPEATS: Final = 5  # of each timed size; the median decides


@dataclass(kw_only=True)
class _Costs:
    """The costs of one contender.

    Attributes:
        by_size: size to cost.
        measured: size to what the meters saw; empty if time was measured.
    """

    by_size: dict[float, float] = field(default_factory=dict)
    measured: dict[float, Measurement] = field(default_factory=dict)

    def law(self) -> PowerLaw:
        return fit(list(self.by_size), list(self.by_size.values()))


def growth(session: Session, function: Function, budget: Growth) -> Outcome:
    """Judge the exponent with which a cost grows."""
    processes = session.processes
    mine = _costs(session, processes.worker_on(), function, budget)
    theirs: _Costs = processes.trusted(
        lambda: _costs(session, processes.reference_on(), function, budget)
    )
    law, reference_law = mine.law(), theirs.law()
    curves = (
        _curve("yours", function, budget, mine),
        _curve("reference", function, budget, theirs),
    )
    metrics = {
        "exponent": law.exponent,
        "exponent_low": law.low,
        "exponent_high": law.high,
        "exponent_allowed": budget.at_most,
        **{f"{budget.of}_at_{size:g}": cost for size, cost in mine.by_size.items()},
    }
    if law.exponent <= budget.at_most:
        return passed(metrics=metrics, curves=curves)
    (small, few), *_others, (large, many) = mine.by_size.items()
    cause = EMPTY
    if mine.measured:
        cause = largest_increase(mine.measured[small], mine.measured[large], of=budget.of)
    finding = _(
        "The {noun} grow like {over}^{exponent:.2f} (95%: {low:.2f} to {high:.2f}); expected at "
        "most {over}^{allowed:g}. The reference's grow like {over}^{theirs:.2f}. From "
        "{over}={small:g} to {large:g} yours rose from {few:,.0f} to {many:,.0f}. Each step seems "
        "to redo the work of all previous steps.",
        noun=budget.noun,
        over=budget.over,
        exponent=law.exponent,
        low=law.low,
        high=law.high,
        allowed=budget.at_most,
        theirs=reference_law.exponent,
        small=small,
        large=large,
        few=few,
        many=many,
    )
    return failed("growth", join(finding, cause), metrics=metrics, curves=curves)


def _curve(who: str, function: Function, budget: Growth, costs: _Costs) -> GrowthCurve:
    law = costs.law()
    return GrowthCurve(
        who=who,
        function=function.name,
        over=budget.over,
        of=budget.of,
        points=tuple(costs.by_size.items()),
        exponent=law.exponent,
        exponent_low=law.low,
        exponent_high=law.high,
        exponent_allowed=budget.at_most,
    )


def _costs(session: Session, worker: WorkerClient, function: Function, budget: Growth) -> _Costs:
    costs = _Costs()
    for size in budget.sizes:
        case = Case.at_sizes({**budget.at, budget.over: size})
        if budget.of == "time":
            costs.by_size[size] = _median_ns(session, worker, function, case)
            continue
        of_bytes = budget.of == "bytes"
        read = measure(session, worker, function, case, ops=not of_bytes, memory=of_bytes)
        costs.by_size[size] = float(read.memory.total_bytes if of_bytes else read.ops.total)
        costs.measured[size] = read
    return costs


def _median_ns(session: Session, worker: WorkerClient, function: Function, case: Case) -> float:
    with session.processes.launcher.timing_lock():
        timings = [
            worker.call(function.name, [session.draw(function, case, turn=turn)])[1]
            for turn in range(_REPEATS)
        ]
    return median(float(timing.run_ns) for timing in timings)
