"""Asks a worker under meters, reads what they say, and refuses what they cannot count."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, partial
from typing import Any, Final

import torch

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import CheckFailed, ProtocolError
from torchkata.grading.checks.outputs import on
from torchkata.grading.session import Session
from torchkata.i18n import _, join
from torchkata.sandbox.worker_client import Worker
from torchkata.worker import builtin_probes
from torchkata.worker.meters.counts import MemoryUse, OpCount

ARRAYS: Final = frozenset({"numpy", "dlpack", "tolist"})
"""Conversions after which whole tensors live where their memory is not seen."""

_UNSEEN_NS: Final = 500_000
_UNSEEN_SHARE: Final = 0.2
_LOOPS: Final = frozenset({"while_loop", "scan", "map_impl", "associative_scan"})


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
    answer = worker.run(
        builtin_probes.measured, builtin_probes.call, arguments, kept=True, **wanted
    )
    return read_meters(answer, lined=session.owns(worker))


def costs(
    session: Session, worker: Worker, function: Function, case: Case, *, entry: str = ""
) -> dict[str, Any]:
    """Count ops and memory of a contender together, once for all who ask about this case."""
    entry = entry or function.name
    key = (session.owns(worker), entry, case.name, tuple(case.sizes.items()))
    if key not in session.metered:
        session.metered[key] = measure(
            session, worker, function, case, entry=entry, ops=True, memory=True
        )
    return session.metered[key]


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
        seen, unseen = (int(ns) for ns in answer.get("worked_ns", (0, 0)))
        own = [str(name)[:60] for name in answer.get("own", ())]
        if "left" in answer:
            read["left"] = OpCount.from_plain(answer["left"])
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
            _("The meters' answer cannot be read; leave the meters alone.")
        ) from error
    if unseen > max(_UNSEEN_NS, _UNSEEN_SHARE * seen):
        raise CheckFailed(
            _(
                "{share:.0%} of the work was done in a thread that ran before the call, where "
                "nothing can be counted. Do the work in the function itself.",
                share=unseen / (seen + unseen),
            )
        )
    if own:
        raise CheckFailed(_of_its_own(", ".join(own)))
    return read


def busiest(costs: Mapping[int, int]) -> int:
    """The line of the submission that costs most; 0 where none is known."""
    known = {line: cost for line, cost in costs.items() if line}
    return max(known, key=lambda line: known[line], default=0)


def no_detour(
    session: Session,
    function: Function,
    case: Case,
    mine: OpCount,
    among: Collection[str] | None = None,
) -> None:
    """Work in numpy or plain Python is not counted, so budgets refuse the way there.

    Args:
        session: the exercise.
        function: what was called.
        case: on what.
        mine: what was counted.
        among: the conversions that matter; all by default.

    Raises:
        CheckFailed: it converts more often than the reference does.
    """
    kinds = [kind for kind in mine.conversions if among is None or kind in among]
    if not kinds:
        return
    ask = partial(measure, session, session.reference, function, case, ops=among is None)
    theirs: OpCount = session.trusted(ask)["ops" if among is None else "left"]
    for kind in kinds:
        if mine.conversions[kind] > theirs.conversions.get(kind, 0):
            raise CheckFailed(
                join(
                    _(
                        "It takes the numbers out of PyTorch ({what}): work done there is not "
                        "counted, has no gradient, and on a GPU waits for the device. Stay with "
                        "tensors.",
                        what=mine.left([kind]),
                    ),
                    on(case),
                ),
                {"line": busiest(mine.lines[kind])},
            )


def nothing_of_its_own(mine: OpCount, case: Case) -> None:
    """An operation that the file makes itself counts as one whatever it does, so it is refused.

    Raises:
        CheckFailed: there is one, or a loop that PyTorch runs as one operation.
    """
    for name in (*mine.ops, *mine.views):
        if name in _LOOPS or (name.partition("::")[0] not in _libraries() and "::" in name):
            raise CheckFailed(
                join(
                    _of_its_own(name),
                    on(case),
                ),
                {"line": busiest(mine.lines[name])},
            )


def _of_its_own(name: str) -> str:
    return _(
        "It calls {name}, which counts as one operation however much it does inside, so it says "
        "nothing about the budget. Write out what it does.",
        name=name,
    )


@cache
def _libraries() -> frozenset[str]:
    """The libraries whose operations PyTorch brings along, here where no submission runs."""
    names = torch._C._dispatch_get_all_op_names()  # noqa: SLF001 - no public name
    return frozenset(name.partition("::")[0] for name in names) | {"prims"}
