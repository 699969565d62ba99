"""Refuse work that the meters do not see: values that leave PyTorch, and ops that hold others."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache, partial
from typing import Final

import torch

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.grading.checks.metering import Measurement, costliest_line, measure, opaque_op
from torchkata.grading.outcome import Outcome, failed
from torchkata.grading.session import Session
from torchkata.i18n import _
from torchkata.i18n.op_names import HIGHER_ORDER
from torchkata.worker.meters.counts import OpCount

ARRAYS: Final = frozenset({"numpy", "dlpack", "tolist"})
"""Conversions after which whole tensors are kept where the meters do not see their memory."""


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
        library, separator, _rest = name.rpartition("::")
        if separator and (name.startswith(HIGHER_ORDER) or library not in _libraries()):
            return failed(
                "opaque-op",
                opaque_op(name.removeprefix(HIGHER_ORDER)),
                case=case.label,
                line=costliest_line(mine.lines[name]),
            )
    return None


@cache
def _libraries() -> frozenset[str]:
    """The libraries of PyTorch's own ops, read in a process that runs no submission."""
    names = torch._C._dispatch_get_all_op_names()  # noqa: SLF001 - no public name
    return frozenset(name.partition("::")[0] for name in names) | {"prims"}
