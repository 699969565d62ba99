"""Checks of what a function costs, counted without a clock: ops, host synchronisations, memory."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import torch

from torchkata.course.spec.budgets import HostSyncs, Memory, Ops
from torchkata.course.spec.case import Case
from torchkata.course.spec.formula import evaluate
from torchkata.course.spec.function import Function
from torchkata.errors import CheckFailed, CourseError
from torchkata.grading.checks.metering import (
    ARRAYS,
    busiest,
    costs,
    measure,
    no_detour,
    nothing_of_its_own,
)
from torchkata.grading.checks.outputs import on, ordinary
from torchkata.grading.session import Session
from torchkata.i18n import _, join
from torchkata.sandbox.worker_client import Worker
from torchkata.worker.meters.counts import MemoryUse, OpCount, events

TWIN = "twin:0"


def ops(session: Session, function: Function, budget: Ops) -> dict[str, float]:
    """On every case the number of dispatched ATen ops is within the budget.

    Returns:
        The figures of the case that comes nearest to it.
    """
    over: list[tuple[Case, OpCount, float]] = []
    found: list[tuple[float, float]] = []
    for case in ordinary(function):
        limit = evaluate(str(budget.at_most), case.sizes)
        count: OpCount = measure(session, session.worker, function, case)["ops"]
        no_detour(session, function, case, count)
        nothing_of_its_own(count, case)
        found.append((_counted(count, budget), limit))
        if _counted(count, budget) > limit:
            over.append((case, count, limit))
    if not over:
        return _nearest("ops", found)
    case, mine, limit = over[-1]  # the largest shows best how the number grows
    ask = partial(measure, session, session.reference, function, case)
    theirs: OpCount = session.trusted(ask)["ops"]
    smallest = over[0][0].told if len(over) > 1 else ""
    told = _(
        "{yours}; at most 1 is allowed. The reference makes {theirs}."
        if limit == 1
        else "{yours}; at most {limit:g} are allowed. The reference makes {theirs}.",
        yours=mine.sentence(),
        limit=limit,
        theirs=theirs.sentence(),
    )
    raise CheckFailed(
        join(
            told,
            on(case),
            _("The smallest case over budget: {case}.", case=smallest) if smallest else "",
        ),
        {"line": busiest({at: names.total() for at, names in mine.by_line.items()})},
        ops=_counted(mine, budget),
        ops_allowed=limit,
    )


def _nearest(name: str, found: list[tuple[float, float]]) -> dict[str, float]:
    """The figures of the case that uses most of its budget."""
    used, limit = max(found, key=lambda pair: pair[0] / max(pair[1], 1), default=(0.0, 0.0))
    return {name: used, f"{name}_allowed": limit}


def _counted(count: OpCount, budget: Ops) -> int:
    return count.total if budget.views else count.computing


def memory(session: Session, function: Function, budget: Memory) -> dict[str, float]:
    """The peak of extra memory is within the budget.

    Returns:
        The figures of the case that comes nearest to it.
    """
    found: list[tuple[float, float]] = []
    cases = [Case.timed(budget.at)] if budget.at else ordinary(function)
    for case in cases:
        expected = session.expect(function.name, session.draw(function, case))
        limit = evaluate(budget.at_most, _names(session, function, case, expected))
        ask = partial(costs, session, function=function, case=case)
        read = ask(worker=session.worker)
        no_detour(session, function, case, read["left"], among=ARRAYS)
        mine: MemoryUse = read["memory"]
        found.append((mine.peak_bytes, limit))
        if mine.peak_bytes <= limit:
            continue
        theirs: MemoryUse = session.trusted(partial(ask, worker=session.reference))["memory"]
        told = _(
            "It holds {yours:,} bytes of extra memory at the peak; at most {limit:,.0f} are "
            "allowed ({formula}), and the reference holds {theirs:,} ({made}).",
            yours=mine.peak_bytes,
            limit=limit,
            formula=budget.at_most,
            theirs=theirs.peak_bytes,
            made=theirs.sentence() or _("nothing"),
        )
        where = _("Alive at the peak: {made}.", made=mine.sentence())
        raise CheckFailed(
            join(told, where, on(case)),
            {"line": busiest(mine.lines)},
            extra_bytes=mine.peak_bytes,
            extra_bytes_allowed=limit,
        )
    return _nearest("extra_bytes", found)


def _names(session: Session, function: Function, case: Case, expected: Any) -> dict[str, float]:
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


def syncs(session: Session, function: Function, budget: HostSyncs) -> None:
    """On a device, the CPU waits for it no more often than allowed."""
    if TWIN not in session.devices:
        raise CourseError("Host synchronisations are counted on the twin device; leave it on.")
    for case in reversed(ordinary(function)):  # the largest shows best where the reads come from
        reads = _reads(session, session.worker_on(TWIN), function, case)
        if len(reads) <= budget.at_most:
            continue
        raise CheckFailed(
            join(
                _(
                    "On a GPU this makes the CPU wait {count:,} x ({named}); {budget} is asked "
                    "for, and the reference waits {theirs} x. Keep the decision on the device, in "
                    "tensor operations.",
                    count=len(reads),
                    named=events(Counter(reads)),
                    budget=budget.sentence(_),
                    theirs=len(_reads(session, session.reference_on(TWIN), function, case)),
                ),
                on(case),
            ),
            {"line": busiest(Counter(line for _unused, line in reads if line))},
            synchronisations=len(reads),
            synchronisations_allowed=budget.at_most,
        )


def _reads(
    session: Session, worker: Worker, function: Function, case: Case
) -> list[tuple[str, int | None]]:
    def ask() -> dict[str, Any]:
        return measure(session, worker, function, case, device=TWIN)

    found = ask() if session.owns(worker) else session.trusted(ask)
    reads: list[tuple[str, int | None]] = found["synchronisations"]
    return reads
