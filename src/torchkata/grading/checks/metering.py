"""Run a call under meters in a worker, read the reply, and refuse what meters cannot count."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Final

import torch

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import CheckFailed, ProtocolError
from torchkata.grading.compare import Difference, differences
from torchkata.grading.outcome import Outcome, failed
from torchkata.grading.session import Session
from torchkata.grading.trees import to_float64
from torchkata.i18n import Message, _, join
from torchkata.result import CPU
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.worker import builtin_probes
from torchkata.worker.meters.counts import MemoryUse, OpCount

ARRAYS: Final = frozenset({"numpy", "dlpack", "tolist"})
"""Conversions after which whole tensors are kept where the meters do not see their memory."""

_UNSEEN_NS: Final = 500_000
_UNSEEN_SHARE: Final = 0.2
_WITH_BODIES: Final = frozenset(
    {"while_loop", "scan", "map", "map_impl", "associative_scan", "cond", "invoke_subgraph"}
    | {"wrap", "hints_wrapper", "strict_mode", "flex_attention", "triton_kernel_wrapper_mutation"}
)
"""Higher-order ops: a call counts as one op, whatever the function that it is given does."""
_MOST_NAME: Final = 60
_NO_OPS: Final = OpCount(ops={}, views={}, conversions={}, lines={})
_NO_MEMORY: Final = MemoryUse(peak_bytes=0, total_bytes=0, held_bytes=0, makers={}, allocated={})

Synchronizations = tuple[tuple[str, int | None], ...]
"""(op, line) of each host synchronization."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What the meters saw of one call. What was not requested is empty.

    Attributes:
        value: what the call returned.
        ops: dispatched ops.
        conversions: values that left PyTorch for Python or NumPy.
        memory: allocated, held and peak bytes.
        synchronizations: host synchronizations, on the twin device.
    """

    value: Any = None
    ops: OpCount = _NO_OPS
    conversions: OpCount = _NO_OPS
    memory: MemoryUse = _NO_MEMORY
    synchronizations: Synchronizations = ()


def measure(
    session: Session,
    worker: WorkerClient,
    function: Function,
    case: Case,
    *,
    entry: str = "",
    device: str = CPU,
    ops: bool = True,
    memory: bool = False,
) -> Measurement:
    """Call an entry point under meters in a worker.

    Raises:
        CheckFailed: the reply has not the form that the meters write.
    """
    wanted = {"device": device, "ops": ops, "memory": memory}
    unseen = f"metered, {sorted(wanted)}"  # inputs of their own: a cached result is no use
    is_submission = session.processes.is_submission(worker)
    if is_submission:
        session.note_call(function, case, device=device, turn=unseen)
    arguments = (entry or function.name, *session.draw(function, case, turn=unseen))
    reply = worker.run(
        builtin_probes.run_metered,
        builtin_probes.call,
        arguments,
        kept=True,
        audit=is_submission,
        **wanted,
    )
    measurement = read_meters(reply, with_lines=is_submission)
    known_wrong = session.learned.wrong_values | session.learned.wrong_shape
    if is_submission and entry in ("", function.name) and function.name not in known_wrong:
        verify_measured(session, function, case, measurement.value, turn=unseen)
    return replace(measurement, value=None)


def verify_measured(
    session: Session, function: Function, case: Case, value: Any, *, turn: str
) -> None:
    """Compare the result of a measured call with the reference's.

    Raises:
        CheckFailed: it is wrong, so its cost says nothing.
    """

    def first_difference(*, precisely: bool) -> Difference | None:
        def draw() -> tuple[Any, ...]:
            return session.draw(function, case, turn=turn)

        found = differences(
            value,
            session.expect(function.name, draw()),
            precise=session.expect(function.name, to_float64(draw())) if precisely else None,
            tolerance=case.tolerance_for(function.dtypes[0]) or function.tolerance,
            dtype=False,
            name=f"`{function.name}`",
        )
        return found[0] if found else None

    # Most results agree without the second call of the reference that a close look needs.
    if first_difference(precisely=False) is None:
        return
    difference = first_difference(precisely=True)
    if difference is not None:
        raise CheckFailed(
            join(
                _(
                    "The result was wrong while its cost was measured, so the cost is not judged. "
                    "Each measured result is compared with the reference's."
                ),
                difference.message,
                _("Case: {case}.", case=case.label),
            ),
            code="wrong-while-measured",
            facts=difference.facts,
        )


def cached_costs(
    session: Session, worker: WorkerClient, function: Function, case: Case, *, entry: str = ""
) -> Measurement:
    """Count ops and memory of a contender together, once per case."""
    entry = entry or function.name
    is_submission = session.processes.is_submission(worker)
    key = (is_submission, entry, case.name, tuple(case.sizes.items()))
    if key not in session.metered:
        session.metered[key] = measure(
            session, worker, function, case, entry=entry, ops=True, memory=True
        )
    known: Measurement = session.metered[key]
    return known


def read_meters(reply: Any, *, with_lines: bool) -> Measurement:
    """Parse the reply of `builtin_probes.run_metered`.

    Args:
        reply: of a worker.
        with_lines: whether its lines are those of the learner's file.

    Raises:
        CheckFailed: the reply is malformed, or says that work was hidden from the meters.
    """
    try:
        seen, unseen = (int(ns) for ns in reply.get("worked_ns", (0, 0)))
        hidden = [str(name)[:_MOST_NAME] for name in reply.get("hidden_ops", ())]
        overridden = [str(name)[:_MOST_NAME] for name in reply.get("overridden_kernels", ())]
        measurement = _parsed(reply)
    except (AttributeError, KeyError, TypeError, ValueError, ProtocolError) as error:
        raise CheckFailed(
            _("The meters' reply cannot be read. Do not modify the meters."), code="meters"
        ) from error
    if unseen > max(_UNSEEN_NS, _UNSEEN_SHARE * seen):
        raise CheckFailed(
            _(
                "{share:.0%} of the work was done in a thread that had started before the call, "
                "where nothing can be counted. Do the work in the function itself.",
                share=unseen / (seen + unseen),
            ),
            code="hidden-work",
        )
    if hidden:
        raise CheckFailed(
            _(
                "It makes ops that PyTorch's dispatch modes do not see ({names}), so their cost "
                "cannot be counted. Do not switch off dispatch or its modes.",
                names=", ".join(hidden),
            ),
            code="hidden-ops",
        )
    if overridden:
        raise CheckFailed(_opaque_op(", ".join(overridden)), code="opaque-op")
    return measurement if with_lines else _without_lines(measurement)


def _parsed(reply: Mapping[str, Any]) -> Measurement:
    read = Measurement(value=reply["value"])
    if "conversions" in reply:
        read = replace(read, conversions=OpCount.from_json(reply["conversions"]))
    if "ops" in reply:
        read = replace(read, ops=OpCount.from_json(reply["ops"]))
    if "memory" in reply:
        read = replace(read, memory=MemoryUse.from_json(reply["memory"]))
    synchronizations = reply.get("synchronizations", ())
    return replace(
        read,
        synchronizations=tuple(
            (str(op)[:_MOST_NAME], line if isinstance(line, int) else None)
            for op, line in synchronizations
        ),
    )


def _without_lines(measurement: Measurement) -> Measurement:
    return replace(
        measurement,
        ops=measurement.ops.without_lines(),
        memory=measurement.memory.without_lines(),
    )


def costliest_line(costs: Mapping[int, int]) -> int:
    """Return the line of the submission that costs most; 0 if none is known."""
    known = {line: cost for line, cost in costs.items() if line}
    return max(known, key=lambda line: known[line], default=0)


def forbid_conversions(
    session: Session,
    function: Function,
    case: Case,
    mine: OpCount,
    among: Collection[str] | None = None,
) -> Outcome | None:
    """Fail a budget if values leave PyTorch, because work in NumPy or Python is not counted.

    Args:
        session: the exercise.
        function: what was called.
        case: on which inputs.
        mine: what was counted.
        among: the conversions that matter; all by default.

    Returns:
        None if it converts no more often than the reference.
    """
    kinds = [kind for kind in mine.conversions if among is None or kind in among]
    if not kinds:
        return None
    processes = session.processes
    request = partial(measure, session, processes.reference_on(), function, case, ops=among is None)
    reference: Measurement = processes.trusted(request)
    theirs = reference.ops if among is None else reference.conversions
    for kind in kinds:
        if mine.conversions[kind] > theirs.conversions.get(kind, 0):
            return failed(
                "conversion",
                _(
                    "It takes values out of PyTorch ({what}). Work that is done there is not "
                    "counted, has no gradient, and on a GPU waits for the device. Stick to "
                    "tensors.",
                    what=mine.describe_conversions([kind]),
                ),
                case=case.label,
                line=costliest_line(mine.lines[kind]),
            )
    return None


def forbid_opaque_ops(mine: OpCount, case: Case) -> Outcome | None:
    """Fail a budget if the submission calls an op that it defined, or a higher-order op.

    Such an op counts as one, whatever it does.
    """
    for name in (*mine.ops, *mine.views):
        if name in _WITH_BODIES or (name.partition("::")[0] not in _libraries() and "::" in name):
            return failed(
                "opaque-op",
                _opaque_op(name),
                case=case.label,
                line=costliest_line(mine.lines[name]),
            )
    return None


def _opaque_op(name: str) -> Message:
    return _(
        "It calls {name}, which counts as one op however much it does inside, so the budget says "
        "nothing about it. Write out what it does.",
        name=name,
    )


@cache
def _libraries() -> frozenset[str]:
    """The libraries of PyTorch's own ops, read in a process that runs no submission."""
    names = torch._C._dispatch_get_all_op_names()  # noqa: SLF001 - no public name
    return frozenset(name.partition("::")[0] for name in names) | {"prims"}
