"""Checks of counted budgets: ops, host synchronizations, memory. No clock is involved."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import torch

from torchkata.course.spec.budgets import HostSyncs, Memory, Ops
from torchkata.course.spec.case import Case
from torchkata.course.spec.formula import evaluate
from torchkata.course.spec.function import Function
from torchkata.errors import CourseError
from torchkata.grading.checks.metering import (
    Measurement,
    Synchronizations,
    cached_costs,
    costliest_line,
    measure,
)
from torchkata.grading.checks.outputs import returning_cases
from torchkata.grading.checks.uncounted import ARRAYS, forbid_conversions, forbid_opaque_ops
from torchkata.grading.formulas import compare_formulas
from torchkata.grading.outcome import Outcome, failed, passed
from torchkata.grading.session import Session
from torchkata.i18n import EMPTY, _, join
from torchkata.result import TWIN
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.worker.meters.counts import OpCount, describe_events


def ops(session: Session, function: Function, budget: Ops) -> Outcome:
    """Judge the number of dispatched ops in every case."""
    processes = session.processes
    over: list[tuple[Case, OpCount, float]] = []
    used: list[tuple[float, float]] = []

    def counted(count: OpCount) -> OpCount:
        return count if budget.views else count.without_views()

    for case in returning_cases(function):
        limit = evaluate(str(budget.at_most), case.sizes)
        count = measure(session, processes.worker_on(), function, case).ops
        refused = forbid_conversions(session, function, case, count) or forbid_opaque_ops(
            count, case
        )
        if refused is not None:
            return refused
        count = counted(count)
        used.append((count.total, limit))
        if count.total > limit:
            over.append((case, count, limit))
    if not over:
        return passed(metrics=_nearest("ops", used))
    case, mine, limit = over[-1]  # the largest shows best how the number grows
    request = partial(measure, session, processes.reference_on(), function, case)
    theirs = counted(processes.trusted(request).ops)
    smallest = EMPTY
    if len(over) > 1:
        smallest = _("The smallest case over budget: {case}.", case=over[0][0].label)
    return failed(
        "ops",
        join(
            _(
                "Expected at most {limit:g}, got {yours}. The reference makes {theirs}.",
                yours=mine.describe(),
                limit=limit,
                theirs=theirs.describe(),
            ),
            compare_formulas(session, function, case, "ops" if budget.views else "computing"),
            smallest,
        ),
        case=case.label,
        line=costliest_line({at: names.total() for at, names in mine.by_line.items()}),
        metrics={"ops": mine.total, "ops_allowed": limit},
    )


def _nearest(name: str, used: list[tuple[float, float]]) -> dict[str, float]:
    """Return the metrics of the case that uses most of its budget."""
    most, limit = max(used, key=lambda pair: pair[0] / max(pair[1], 1), default=(0.0, 0.0))
    return {name: most, f"{name}_allowed": limit}


def memory(session: Session, function: Function, budget: Memory) -> Outcome:
    """Judge the peak of extra memory."""
    processes = session.processes
    used: list[tuple[float, float]] = []
    cases = [Case.at_sizes(budget.at)] if budget.at else returning_cases(function)
    for case in cases:
        expected = session.expect(function.name, session.draw(function, case))
        limit = evaluate(budget.at_most, _names(session, function, case, expected))
        mine = cached_costs(session, processes.worker_on(), function, case)
        refused = forbid_conversions(session, function, case, mine.conversions, among=ARRAYS)
        if refused is not None:
            return refused
        peak = mine.memory.peak_bytes
        used.append((peak, limit))
        if peak <= limit:
            continue
        request = partial(cached_costs, session, processes.reference_on(), function, case)
        theirs: Measurement = processes.trusted(request)
        return failed(
            "memory",
            join(
                _(
                    "Expected at most {limit:,.0f} bytes of extra memory at the peak ({formula}), "
                    "got {yours:,}. The reference holds {theirs:,} ({made}).",
                    yours=peak,
                    limit=limit,
                    formula=budget.at_most,
                    theirs=theirs.memory.peak_bytes,
                    made=theirs.memory.describe() or _("nothing"),
                ),
                compare_formulas(session, function, case, "peak_bytes"),
                _("Alive at the peak: {made}.", made=mine.memory.describe()),
            ),
            case=case.label,
            line=costliest_line(mine.memory.lines),
            metrics={"extra_bytes": peak, "extra_bytes_allowed": limit},
        )
    return passed(metrics=_nearest("extra_bytes", used))


def _names(session: Session, function: Function, case: Case, expected: Any) -> dict[str, float]:
    """Return the names that a memory formula may use, with their values."""
    leaves = torch.utils._pytree.tree_leaves  # noqa: SLF001 - has no public name
    arguments = session.draw(function, case)

    def size(tree: Any) -> float:
        return sum(
            leaf.numel() * leaf.element_size() for leaf in leaves(tree) if torch.is_tensor(leaf)
        )

    itemsize = function.dtypes[0].itemsize
    return {
        **case.sizes,
        "output": size(expected),
        "input": size(arguments),
        "itemsize": itemsize,
    }


def host_syncs(session: Session, function: Function, budget: HostSyncs) -> Outcome:
    """Judge how often the CPU waits for a device."""
    if TWIN not in session.devices:
        raise CourseError("Host synchronizations are counted on the twin device; keep it enabled.")
    most = 0
    for case in reversed(returning_cases(function)):  # the largest shows the reads best
        reads = _reads(session, session.processes.worker_on(TWIN), function, case)
        most = max(most, len(reads))
        if len(reads) <= budget.at_most:
            continue
        theirs = _reads(session, session.processes.reference_on(TWIN), function, case)
        return failed(
            "host-synchronizations",
            _(
                "Expected {budget}, got {count:,} ({reads}): on a GPU the CPU waits each time. "
                "The reference waits {theirs}x. Keep the decision on the device, in tensor "
                "operations.",
                budget=budget.sentence(),
                count=len(reads),
                reads=describe_events(Counter(reads)),
                theirs=len(theirs),
            ),
            case=case.label,
            line=costliest_line(Counter(line for _op, line in reads if line)),
            metrics={
                "synchronisations": len(reads),
                "synchronisations_allowed": budget.at_most,
            },
        )
    return passed(metrics={"synchronisations": most, "synchronisations_allowed": budget.at_most})


def _reads(
    session: Session, worker: WorkerClient, function: Function, case: Case
) -> Synchronizations:
    def request() -> Measurement:
        return measure(session, worker, function, case, device=TWIN)

    processes = session.processes
    found = request() if processes.is_submission(worker) else processes.trusted(request)
    reads: Synchronizations = found.synchronizations
    return reads
