"""The check that no Python loop runs over a dimension: twice the size must not take more ops."""

from __future__ import annotations

from typing import Final

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.grading.checks.cost_attribution import largest_increase
from torchkata.grading.checks.metering import Measurement, costliest_line, measure
from torchkata.grading.outcome import Outcome, failed, passed
from torchkata.grading.session import Session
from torchkata.i18n import Message, _, join
from torchkata.sandbox.worker_client import WorkerClient

_SIZES: Final = (8, 16)
_TURNS: Final = _SIZES[1] - _SIZES[0]  # an op per element of the larger size alone


def no_loop(session: Session, function: Function, over: str) -> Outcome:
    """Judge that the ops and conversions of a call do not grow with one size.

    Args:
        session: the exercise under judgment.
        function: the entry point.
        over: the axis letter whose size is doubled.
    """
    cases = [Case.at_sizes({**function.loop_sizes, over: size}) for size in _SIZES]

    def counts(worker: WorkerClient) -> list[Measurement]:
        return [measure(session, worker, function, case) for case in cases]

    processes = session.processes
    mine = counts(processes.worker_on())
    few, many = (_calls(each) for each in mine)
    if many - few < _TURNS:
        return passed(metrics={f"ops_at_{over}={_SIZES[1]}": many})
    theirs = [_calls(each) for each in processes.trusted(lambda: counts(processes.reference_on()))]
    return failed(
        "python-loop",
        join(
            _(
                "A Python loop runs over {over}: the call makes {few} ops for {over}={small} and "
                "{many} for {over}={large}. The reference makes {theirs}. Compute on whole tensors "
                "instead.",
                over=over,
                small=_SIZES[0],
                large=_SIZES[1],
                few=few,
                many=many,
                theirs=_both(theirs),
            ),
            largest_increase(mine[0], mine[1], of="ops"),
        ),
        line=costliest_line({at: names.total() for at, names in mine[1].ops.by_line.items()}),
        metrics={f"ops_at_{over}={_SIZES[0]}": few, f"ops_at_{over}={_SIZES[1]}": many},
    )


def _calls(measurement: Measurement) -> int:
    """Return how often a call reached PyTorch, conversions included."""
    conversions = sum(measurement.conversions.conversions.values())
    return measurement.ops.total + conversions


def _both(counts: list[int]) -> Message:
    few, many = counts
    return _("{few} and {many}", few=few, many=many) if few != many else _("{few}", few=few)
