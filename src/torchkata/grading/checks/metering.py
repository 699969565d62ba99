"""Run a call under meters in a worker, read the reply, and refuse what meters cannot count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import CheckFailed, ProtocolError
from torchkata.grading.compare import Difference, differences
from torchkata.grading.replies import argument_changes
from torchkata.grading.session import Session
from torchkata.grading.trees import to_float64
from torchkata.i18n import Message, _, join
from torchkata.result import CPU
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.worker import builtin_probes
from torchkata.worker.meters.counts import MemoryUse, OpCount

_UNSEEN_NS: Final = 500_000
_UNSEEN_SHARE: Final = 0.2
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
        changes: (position, change) of each argument that the call changed.
        ops: dispatched ops.
        conversions: values that left PyTorch for Python or NumPy.
        memory: allocated, held and peak bytes.
        synchronizations: host synchronizations, on the twin device.
    """

    value: Any = None
    changes: tuple[tuple[int, str], ...] = ()
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
        watched=is_submission and function.purity and device == CPU,
        **wanted,
    )
    measurement = read_meters(reply, with_lines=is_submission)
    if is_submission and entry in ("", function.name):
        verify_measured(session, function, case, measurement, turn=unseen)
    return replace(measurement, value=None)


def verify_measured(
    session: Session, function: Function, case: Case, measured: Measurement, *, turn: str
) -> None:
    """Judge the result of a measured call like that of any other call.

    What other checks have found is not repeated.

    Raises:
        CheckFailed: it is wrong or modifies an argument, so its cost says nothing.
    """
    learned = session.learned
    if measured.changes and function.name not in learned.impure:
        raise CheckFailed(
            _(
                "The call modified an argument while its cost was measured, so the cost is not "
                "judged. Compute a new tensor instead of working in place."
            ),
            code="modified-while-measured",
        )
    if function.name in learned.wrong_values | learned.wrong_shape:
        return

    def first_difference(*, precisely: bool) -> Difference | None:
        def draw() -> tuple[Any, ...]:
            return session.draw(function, case, turn=turn)

        found = differences(
            measured.value,
            session.expect(function.name, draw()),
            precise=session.expect(function.name, to_float64(draw())) if precisely else None,
            tolerance=case.tolerance_for(function.dtypes[0]) or function.tolerance,
            dtype=function.name not in learned.wrong_dtype,
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
        raise CheckFailed(opaque_op(", ".join(overridden)), code="opaque-op")
    return measurement if with_lines else _without_lines(measurement)


def _parsed(reply: Mapping[str, Any]) -> Measurement:
    read = Measurement(value=reply["value"], changes=argument_changes(reply))
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


def opaque_op(name: str) -> Message:
    """Say that an op counts as one, whatever it does."""
    return _(
        "It calls {name}, which counts as one op however much it does inside, so the budget says "
        "nothing about it. Write out what it does.",
        name=name,
    )
