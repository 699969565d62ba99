"""The cost table: what all contenders cost at a budget's sizes, or on the variant case."""

from __future__ import annotations

from torchkata.course.spec.budgets import Memory, Speedup
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import KataError
from torchkata.grading.checks.metering import cached_costs, measure
from torchkata.grading.session import Session, cost_row
from torchkata.i18n import Message, _
from torchkata.result import CostRow
from torchkata.sandbox.worker_client import WorkerClient


def collect_costs(session: Session, without: set[str]) -> list[CostRow]:
    """Count ops and bytes of every contender.

    If no budget states sizes, submission and reference are compared on the variant case.

    Args:
        session: the exercise under judgment.
        without: entry points with wrong results, whose costs are not worth showing.
    """
    rows: list[CostRow] = []
    for function in session.spec.functions:
        if function.name in without:
            continue
        has_sizes = False
        for budget in function.budget:
            match budget:
                case Speedup(over=over, at=at):
                    baseline = session.processes.baseline(over)
                    baselines = {budget.baseline_name: baseline}
                    rows += _rows(session, function, Case.at_sizes(at), baselines)
                    has_sizes = True
                case Memory(at=at) if at:
                    rows += _rows(session, function, Case.at_sizes(at), {})
                    has_sizes = True
        if not has_sizes and function.case_for_variants.raises is None:
            rows += _rows(session, function, function.case_for_variants, {})
    return rows


def case_label(session: Session, function: Function, case: Case) -> Message:
    """Return the label of a case, with the function's name if there are several functions."""
    if len(session.spec.entries) == 1:
        return case.label
    return _("{function}, {case}", function=function.name, case=case.label)


def _rows(
    session: Session,
    function: Function,
    case: Case,
    baselines: dict[str, tuple[WorkerClient, str]],
) -> list[CostRow]:
    try:  # the submission may have no process any more
        contenders = {
            **baselines,
            "yours": (session.processes.worker_on(), function.name),
            "reference": (session.processes.reference_on(), function.name),
        }
    except KataError:
        return []
    label = case_label(session, function, case)
    rows: list[CostRow] = []
    for who, (worker, entry) in contenders.items():
        memory = who not in baselines  # metering a loop of a thousand ops takes long
        try:
            request = cached_costs if memory else measure
            cost = request(session, worker, function, case, entry=entry)
        except KataError:
            return rows  # the checks have said what is wrong; the table only illustrates
        metrics: dict[str, float] = {"ops": cost.ops.total}
        if conversions := sum(cost.ops.conversions.values()):
            metrics["conversions"] = conversions
        if memory:
            metrics["extra_bytes"] = cost.memory.peak_bytes
        rows.append(cost_row(who, label, cost.ops, **metrics))
    return rows
