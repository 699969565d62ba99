"""Repeat the last call of a failed check, and record what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import cloudpickle

from torchkata.errors import KataError
from torchkata.grading.explain.failure import BadGradient
from torchkata.grading.session import ProbeCall, Session
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.worker import builtin_probes, explaining_probes
from torchkata.worker.meters.trace import Step, read_steps

_MOST_OP_TEXT: Final = 60  # characters

HostSyncs = tuple[tuple[str, int], ...]


def traced(
    session: Session, worker: WorkerClient, call: ProbeCall, bind: Mapping[str, str] | None = None
) -> tuple[tuple[Step, ...], HostSyncs]:
    """Repeat a call; return its steps and host synchronizations, empty if that fails."""
    cloudpickle.register_pickle_by_value(session.exercise.grader.module)
    probe, arguments = call.probe, call.arguments()
    if bind:
        probe, arguments = explaining_probes.call_bound, (dict(bind), call.probe, arguments)
    try:
        reply: Any = worker.run(builtin_probes.run_traced, probe, arguments, call.device)
        host_syncs = tuple(
            (str(op)[:_MOST_OP_TEXT], line or 0) for op, line in reply["synchronizations"]
        )
        return read_steps(reply["steps"]), host_syncs
    except (KataError, KeyError, TypeError, ValueError):
        return (), ()


def find_bad_gradient(session: Session, call: ProbeCall) -> BadGradient | None:
    """Return where a gradient becomes nan or infinite when a call is repeated; None if nowhere."""
    cloudpickle.register_pickle_by_value(session.exercise.grader.module)
    try:
        worker = session.processes.worker_on(call.device)
        reply: Any = worker.run(
            explaining_probes.first_bad_gradient, call.probe, call.arguments(), call.device
        )
        if not reply:
            return None
        return BadGradient(
            node=str(reply["node"])[:_MOST_OP_TEXT],
            line=int(reply["line"]),
            masked=reply["masked"] is True,
            where=int(reply["where"]),
        )
    except (KataError, KeyError, TypeError, ValueError):
        return None
