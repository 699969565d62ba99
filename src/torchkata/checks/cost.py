"""Checks of what a function costs, counted without a clock: ops, host synchronisations, memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from torchkata.budget import Memory, Ops, Syncs
from torchkata.checks.correct import on, ordinary
from torchkata.checks.session import Session
from torchkata.errors import CheckFailed, CourseError, ProtocolError
from torchkata.formula import evaluate
from torchkata.isolation import probes
from torchkata.isolation.handle import Worker
from torchkata.messages import say, sentences
from torchkata.meters.costs import MemoryUse, OpCount, events
from torchkata.spec import Case, Function

TWIN = "twin:0"


def measure(
    session: Session,
    worker: Worker,
    function: Function,
    case: Case,
    *,
    entry: str = "",
    **wanted: Any,
) -> dict[str, Any]:
    """Call an entry point under meters in a worker; the answer is checked for its form."""
    unseen = f"metered, {sorted(wanted)}"  # inputs of its own: an answer that was kept is no use
    if session.owns(worker):
        session.ask(function, case, device=wanted.get("device", "cpu"), turn=unseen)
    arguments = (entry or function.name, *session.draw(function, case, turn=unseen))
    answer = worker.run(probes.measured, probes.call, arguments, **wanted)
    return read_meters(answer, lined=session.owns(worker))


def read_meters(answer: Any, *, lined: bool) -> dict[str, Any]:
    """Turn the plain answer of `probes.measured` into counts.

    Args:
        answer: of a worker.
        lined: whether its lines are those of the learner's file.

    Raises:
        CheckFailed: it is not of the form that the meters write.
    """
    try:
        read: dict[str, Any] = {"value": answer["value"]}
        if "ops" in answer:
            count = OpCount.from_plain(answer["ops"])
            read["ops"] = count if lined else count.unlined()
        if "memory" in answer:
            use = MemoryUse.from_plain(answer["memory"])
            read["memory"] = use if lined else use.unlined()
        if "synchronisations" in answer:
            read["synchronisations"] = [
                (str(op)[:60], line if isinstance(line, int) else None)
                for op, line in answer["synchronisations"]
            ]
    except (KeyError, TypeError, ValueError, ProtocolError) as error:
        raise CheckFailed(
            say("The meters' answer cannot be read; leave the meters alone.")
        ) from error
    return read


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
        _no_detour(session, function, case, count)
        found.append((_counted(count, budget), limit))
        if _counted(count, budget) > limit:
            over.append((case, count, limit))
    if not over:
        return _nearest("ops", found)
    case, mine, limit = over[-1]  # the largest shows best how the number grows
    ask = partial(measure, session, session.reference, function, case)
    theirs: OpCount = session.trusted(ask)["ops"]
    smallest = over[0][0].told if len(over) > 1 else ""
    told = say(
        "{yours}; at most 1 is allowed. The reference makes {theirs}."
        if limit == 1
        else "{yours}; at most {limit:g} are allowed. The reference makes {theirs}.",
        yours=mine.sentence(),
        limit=limit,
        theirs=theirs.sentence(),
    )
    raise CheckFailed(
        sentences(
            told,
            on(case),
            say("The smallest case over budget: {case}.", case=smallest) if smallest else "",
        ),
        {"line": busiest({at: names.total() for at, names in mine.by_line.items()})},
        ops=_counted(mine, budget),
        ops_allowed=limit,
    )


def _nearest(name: str, found: list[tuple[float, float]]) -> dict[str, float]:
    """The figures of the case that uses most of its budget."""
    used, limit = max(found, key=lambda pair: pair[0] / max(pair[1], 1), default=(0.0, 0.0))
    return {name: used, f"{name}_allowed": limit}


def busiest(costs: Mapping[int, int]) -> int:
    """The line of the submission that costs most; 0 where none is known."""
    known = {line: cost for line, cost in costs.items() if line}
    return max(known, key=lambda line: known[line], default=0)


def _counted(count: OpCount, budget: Ops) -> int:
    return count.total if budget.views else count.computing


def _no_detour(session: Session, function: Function, case: Case, mine: OpCount) -> None:
    """Work in numpy or plain Python is not counted, so a budget of ops refuses the way there."""
    if not mine.conversions:
        return
    ask = partial(measure, session, session.reference, function, case)
    theirs: OpCount = session.trusted(ask)["ops"]
    for kind, count in mine.conversions.items():
        if count > theirs.conversions.get(kind, 0):
            raise CheckFailed(
                sentences(
                    say(
                        "It takes the numbers out of PyTorch ({what}): work done there is not "
                        "counted, has no gradient, and on a GPU waits for the device. Stay with "
                        "tensors.",
                        what=mine.left([kind]),
                    ),
                    on(case),
                ),
                {"line": busiest(mine.lines[kind])},
            )


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
        ask = partial(measure, session, function=function, case=case, ops=False, memory=True)
        mine: MemoryUse = ask(worker=session.worker)["memory"]
        found.append((mine.peak_bytes, limit))
        if mine.peak_bytes <= limit:
            continue
        theirs: MemoryUse = session.trusted(partial(ask, worker=session.reference))["memory"]
        told = say(
            "It holds {yours:,} bytes of extra memory at the peak; at most {limit:,.0f} are "
            "allowed ({formula}), and the reference holds {theirs:,} ({made}).",
            yours=mine.peak_bytes,
            limit=limit,
            formula=budget.at_most,
            theirs=theirs.peak_bytes,
            made=theirs.sentence() or say("nothing"),
        )
        where = say("Alive at the peak: {made}.", made=mine.sentence())
        raise CheckFailed(
            sentences(told, where, on(case)),
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


def syncs(session: Session, function: Function, budget: Syncs) -> None:
    """On a device, the CPU waits for it no more often than allowed."""
    if TWIN not in session.devices:
        raise CourseError("Host synchronisations are counted on the twin device; leave it on.")
    for case in reversed(ordinary(function)):  # the largest shows best where the reads come from
        reads = _reads(session, session.worker_on(TWIN), function, case)
        if len(reads) <= budget.at_most:
            continue
        raise CheckFailed(
            sentences(
                say(
                    "On a GPU this makes the CPU wait {count:,} x ({named}); {budget} is asked "
                    "for, and the reference waits {theirs} x. Keep the decision on the device, in "
                    "tensor operations.",
                    count=len(reads),
                    named=events(Counter(reads)),
                    budget=budget.sentence(say),
                    theirs=len(_reads(session, session.reference_on(TWIN), function, case)),
                ),
                on(case),
            ),
            {"line": busiest(Counter(line for _, line in reads if line))},
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
