"""The engine's own probes: functions that exercise a submission and return plain data.

They run in the worker, beside the submission. Their results help to explain; they prove nothing.
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext, suppress
from functools import partial
from types import ModuleType
from typing import Final

import torch
from torch.utils._pytree import tree_leaves

from torchkata.probes.calls import FunctionNames
from torchkata.worker.arguments import RecordedArguments
from torchkata.worker.devices import on_device, to_cpu, to_device
from torchkata.worker.meters.conversions import ConversionCounter
from torchkata.worker.meters.dispatch_audit import DispatchAudit
from torchkata.worker.meters.kernels import overridden_kernels
from torchkata.worker.meters.memory import MemoryMeter
from torchkata.worker.meters.ops import OpMeter
from torchkata.worker.meters.trace import TraceLimitReached, TraceMeter
from torchkata.worker.snapshots import copied
from torchkata.worker.twin import device as twin
from torchkata.worker.twin.provenance import Origins

globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep

_MOST_DEFAULT: Final = 200  # characters

# Saved now, because a submission may replace them.
_grad = torch.autograd.grad


def describe(module: ModuleType, names: Iterable[str]) -> dict[str, dict[str, object] | None]:
    """Return the kind, type and parameters of each name; None if the module does not define it."""
    return {name: _described(getattr(module, name, None)) for name in names}


def defined_names(module: ModuleType) -> list[str]:
    """Return the names of the functions and classes that the file itself defines, in order."""
    return [
        name
        for name, thing in vars(module).items()
        if callable(thing) and getattr(thing, "__module__", None) == module.__name__
    ]


def _described(thing: object) -> dict[str, object] | None:
    if thing is None:
        return None
    kind = "class" if inspect.isclass(thing) else "function" if callable(thing) else "value"
    parameters: list[list[object]] = []
    if callable(thing):
        try:
            signature = inspect.signature(thing)
        except (TypeError, ValueError):
            return {"kind": kind, "type": type(thing).__name__, "parameters": None}
        parameters = [
            [
                parameter.name,
                parameter.kind.name,
                parameter.default is not parameter.empty,
                _plain_default(parameter.default),
            ]
            for parameter in signature.parameters.values()
        ]
    return {"kind": kind, "type": type(thing).__name__, "parameters": parameters}


def _plain_default(default: object) -> str:
    """Return a default value as text, if its text says all about it; else an empty string."""
    if isinstance(default, tuple):
        parts = [_plain_default(each) for each in default]
        return f"({', '.join(parts)})" if all(parts) else ""
    if default is None or isinstance(default, (bool, int, float, str)):
        return repr(default)[:_MOST_DEFAULT]
    return ""


def run_metered(
    module: ModuleType,
    probe: Callable[..., object],
    arguments: tuple[object, ...],
    device: str = "cpu",
    *,
    ops: bool = True,
    memory: bool = False,
    kept: bool = False,
    audit: bool = False,
    watched: bool = False,
) -> dict[str, object]:
    """Run another probe on `device` under meters.

    Args:
        module: the submission.
        probe: the probe to run.
        arguments: its arguments.
        device: the device to run on.
        ops: whether to count ops.
        memory: whether to measure memory.
        kept: whether memory that outlives the call counts; see `MemoryMeter`.
        audit: whether to look for ops that the meters do not see.
        watched: whether to look for changes of the arguments.

    Returns:
        `value`; `ops` and `memory` if requested (JSON forms of `OpCount` and `MemoryUse`);
        `worked_ns`, the CPU time of this thread and of those that the meters do not follow;
        `hidden_ops`, names of ops that no meter saw; `overridden_kernels`, ops for which the
        submission registered another kernel; `conversions`, an `OpCount` of the values that left
        PyTorch; `changes`, see `RecordedArguments.changes`; and `synchronizations` on the twin, as
        (op, line) pairs.
    """
    reply: dict[str, object] = {}
    before = RecordedArguments(arguments if watched else ())
    with ExitStack() as stack:
        mode = stack.enter_context(on_device(device))
        moved = to_device(arguments, device)
        memory_meter = (
            stack.enter_context(MemoryMeter((arguments, moved), kept=kept)) if memory else None
        )
        seen = len(mode.synchronizations) if mode is not None else 0
        conversions = stack.enter_context(ConversionCounter())
        op_meter = stack.enter_context(OpMeter()) if ops else None
        with DispatchAudit() if audit else nullcontext() as audited:
            value = probe(module, *moved)
        value = copied(to_cpu(value, device))  # what a thread does to it later does not count
        reply["hidden_ops"] = audited.hidden if audited is not None else []
        for meter in (op_meter, memory_meter):
            if meter is not None:
                reply["worked_ns"] = meter.worked_ns
                if audited is not None and audited.seen > meter.dispatched():
                    reply["hidden_ops"] = audited.names
        reply["overridden_kernels"] = overridden_kernels()
        reply["conversions"] = conversions.count.to_json()
        if memory_meter is not None:
            reply["memory"] = memory_meter.use.to_json()
        if op_meter is not None:
            reply["ops"] = op_meter.count.to_json()
        if mode is not None:
            events = mode.synchronizations[seen:]
            reply["synchronizations"] = [(event.op, event.line) for event in events]
    reply["changes"] = before.changes()
    reply["value"] = value
    return reply


def warm_up(_module: ModuleType, device: str) -> None:
    """Run a first op and backward pass on a device; they take longer than all later ones."""
    with on_device(device):
        x = to_device(torch.ones(2), device).requires_grad_()
        torch.autograd.grad((x * x).sum(), x)


def run_traced(
    module: ModuleType, probe: Callable[..., object], arguments: tuple[object, ...], device: str
) -> dict[str, object]:
    """Run another probe; return its `steps`, and `synchronizations` as (op, line) pairs."""
    with on_device(device) as mode:
        moved = to_device(arguments, device)
        seen = len(mode.synchronizations) if mode is not None else 0
        with TraceMeter(_tensors(moved)) as meter, suppress(Exception, TraceLimitReached):
            probe(module, *moved)
        events = mode.synchronizations[seen:] if mode is not None else []
        return {"steps": meter.steps, "synchronizations": [(e.op, e.line) for e in events]}


def install(module: ModuleType, name: str, thing: object) -> None:
    """Set an attribute of the worker's module, such as a baseline function."""
    setattr(module, name, thing)


def adapt(module: ModuleType, name: str, probe: Callable[..., object]) -> None:
    """Make a probe callable like a function of the submission."""
    setattr(module, name, partial(probe, module))


def call(module: ModuleType, entry: str, *arguments: object) -> object:
    """Call an entry point."""
    return getattr(module, entry)(*arguments)


def call_and_name(module: ModuleType, entry: str, *arguments: object) -> dict[str, object]:
    """Call an entry point; return its `value` and the names of the torch `functions` it calls."""
    with FunctionNames() as recorder:
        value = call(module, entry, *arguments)
    return {"value": value, "functions": sorted(recorder.names)}


def call_and_locate(
    module: ModuleType, entry: str, arguments: tuple[object, ...], device: str
) -> dict[str, object]:
    """Call an entry point on `device`, and return on which device each result is.

    Returns:
        `value`; `devices`, one per result; `expected`, the devices of the inputs; and `made`, the
        `call` that created a result on the wrong device and its `line` (0 if unknown), or None.
    """
    with on_device(device) as mode:
        moved = to_device(arguments, device)
        expected = {str(leaf.device) for leaf in tree_leaves(moved) if torch.is_tensor(leaf)}
        value = call(module, entry, *moved)
        leaves = _tensors(value)
        devices = [str(leaf.device) for leaf in leaves]
        stray = [leaf for leaf in leaves if mode is not None and not twin.is_twin(leaf)]
        made = next((made for leaf in stray if (made := _creating_call(mode.origins, leaf))), None)
        value = to_cpu(value, device)
    return {"value": value, "devices": devices, "expected": sorted(expected), "made": made}


def _creating_call(origins: Origins, tensor: torch.Tensor) -> dict[str, object] | None:
    """Return the call that created a CPU tensor, and its line, as plain data."""
    origin = origins.of(tensor)
    if origin is None:
        return None
    call = ".cpu() or .to(...)" if origin.name == "to_copy" else f"torch.{origin.call}"
    return {"call": call, "line": origin.line or 0}


def _tensors(tree: object) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def gradients(
    module: ModuleType,
    entry: str,
    arguments: tuple[object, ...],
    wanted: tuple[int, ...],
    cotangents: list[torch.Tensor] | None,
    device: str = "cpu",
) -> dict[str, object]:
    """Differentiate the results, weighted by `cotangents`, with respect to some arguments.

    Returns:
        `gradients`, one per wanted position (None if no gradient flows there); `graph`, whether
        any result has an autograd graph at all; and on the CPU `changes`, see
        `RecordedArguments.changes`.
    """
    with on_device(device):
        moved = list(to_device(arguments, device))
        for position in wanted:
            moved[position] = moved[position].detach().clone().requires_grad_()
        before = RecordedArguments(tuple(moved) if device == "cpu" else ())
        results = _tensors(call(module, entry, *moved))
        changes = before.changes()
        weights = (
            to_device(cotangents, device) if cotangents else [torch.ones_like(r) for r in results]
        )
        pairs = [
            (result, weight.to(result.dtype))
            for result, weight in zip(results, weights, strict=True)
            if result.requires_grad
        ]
        if not pairs:
            return {"gradients": [None] * len(wanted), "graph": False, "changes": changes}
        gradients = _grad(
            [result for result, _ in pairs],
            [moved[position] for position in wanted],
            [weight for _, weight in pairs],
            allow_unused=True,
        )
        return {
            "gradients": to_cpu(list(gradients), device),
            "graph": True,
            "changes": changes,
        }


def run_on(
    module: ModuleType, probe: Callable[..., object], arguments: tuple[object, ...], device: str
) -> object:
    """Run another probe with its tensors on `device`; copy its results to the CPU."""
    with on_device(device):
        return to_cpu(probe(module, *to_device(arguments, device)), device)
