"""Measure a call of the user's own code, in this process: a receipt and warnings."""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import torch

from torchkata.i18n import _
from torchkata.result.cost_warning import CostWarning, WarningKind
from torchkata.result.receipt import BACKWARD, Receipt
from torchkata.worker.meters.conversions import READ_ONE, read_by_torch
from torchkata.worker.meters.storages import leaves_of, tensors_of
from torchkata.worker.receipts.habits import Habits
from torchkata.worker.receipts.meter import OpEvent, ReceiptMeter
from torchkata.worker.receipts.places import NOWHERE, Place, is_own_code, run_call
from torchkata.worker.receipts.watched_functions import FunctionWatch
from torchkata.worker.twin.op_rules import host_sync, op_rule

_REFUSAL: Final = "saved tensor hooks"
"""What `torch.func` says about hooks, which it cannot combine with."""


@dataclass(frozen=True, kw_only=True)
class MeasuredCall:
    """What was measured of one call.

    Attributes:
        receipt: its costs, without sources.
        warnings: costs that can be avoided, in the order of the lines.
    """

    receipt: Receipt
    warnings: tuple[CostWarning, ...]


def measure_call(
    function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, Any]
) -> MeasuredCall:
    """Call a function once, and return what it costs.

    If it uses `torch.func`, it is called a second time, without recording what autograd saves.

    Raises:
        Exception: whatever the function raises.
    """
    try:
        return _measured(function, args, kwargs, saved=True)
    except RuntimeError as error:
        if _REFUSAL not in str(error):
            raise
    measured = _measured(function, args, kwargs, saved=False)
    reason = _("`torch.func` does not allow to record what autograd keeps.")
    missing = {**measured.receipt.missing, BACKWARD[0]: reason}
    return replace(measured, receipt=replace(measured.receipt, missing=missing))


def _measured(
    function: Callable[..., object],
    args: tuple[object, ...],
    kwargs: dict[str, Any],
    *,
    saved: bool,
) -> MeasuredCall:
    reads = _Reads((args, kwargs))
    watch = FunctionWatch(is_own_code, reads.note)
    reads.watch = watch
    habits = Habits(watch)
    meter = ReceiptMeter(
        (args, kwargs), is_own_code, saved=saved, listeners=(reads.hear, habits.hear)
    )
    with watch, meter:
        run_call(function, *args, **kwargs)
    for (place, _name), count in reads.counts.items():
        meter.synchronizations[place] += count
    receipt = meter.receipt
    if not any(each.costs.backward_ops or each.costs.kept_bytes for each in receipt.lines):
        reason = _("This call has no backward pass.")
        receipt = replace(receipt, missing=dict.fromkeys(BACKWARD, reason))
    warnings = [*reads.in_loops(receipt, meter), *habits.closing()]
    known = [each for each in warnings if each.file]
    known.sort(key=lambda each: (each.file, each.line, each.kind))
    return MeasuredCall(receipt=receipt, warnings=tuple(known))


class _Reads:
    """Counts reads by the host that make the CPU wait for a GPU.

    If tensors of the inputs are on a device, reads from there count, else those of all tensors.
    Reads by PyTorch's own Python code do not count.

    Attributes:
        counts: by place and by what reads.
        watch: knows which tensors the code has copied to the CPU itself.
    """

    def __init__(self, inputs: object) -> None:
        kinds = {leaf.device.type for leaf in leaves_of(inputs) if isinstance(leaf, torch.Tensor)}
        self._on_device = bool(kinds - {"cpu", "meta"})
        self.counts: Counter[tuple[Place, str]] = Counter()
        self.watch: FunctionWatch | None = None

    def note(self, place: Place, name: str, tensor: torch.Tensor) -> None:
        """Count one read of a tensor."""
        if place != NOWHERE and (not self._on_device or tensor.device.type != "cpu"):
            self.counts[place, name] += 1

    def hear(self, event: OpEvent) -> None:
        """Count an op whose result the host needs."""
        if event.backward or not hasattr(event.func, "overloadpacket"):
            return
        tensors = [t for t in tensors_of(event.args) if isinstance(t, torch.Tensor)]
        if not tensors or all(self._is_on_host(each) for each in tensors):
            for result in tensors_of(event.result) if tensors else ():
                if isinstance(result, torch.Tensor) and self.watch is not None:
                    self.watch.on_host[result] = True
            return
        if event.func is READ_ONE:
            if not read_by_torch():
                self.note(event.place, ".item()", tensors[0])
            return
        reason = host_sync(op_rule(event.func).name, event.args, event.kwargs, torch.Tensor)
        if reason is not None:
            self.note(event.place, f"`{reason}`", tensors[0])

    def _is_on_host(self, tensor: torch.Tensor) -> bool:
        return self.watch is not None and tensor in self.watch.on_host

    def in_loops(self, receipt: Receipt, meter: ReceiptMeter) -> list[CostWarning]:
        """Return a warning for each line that reads more than once, because it runs repeatedly."""
        found = []
        for (place, name), count in self.counts.items():
            turns = receipt.turns(*place) or meter.turns.runs(place)
            if count > 1 and turns > 1:
                found.append(
                    CostWarning(
                        kind=WarningKind.SYNC_IN_LOOP,
                        file=place[0],
                        line=place[1],
                        values={"op": name, "count": count},
                    )
                )
        return found


def source_of(file: str) -> str:
    """Return the text of a followed file; a cell of a notebook is one, too."""
    return "".join(linecache.getlines(file))
