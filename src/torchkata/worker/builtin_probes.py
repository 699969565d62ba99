"""Probes that every exercise uses: code that exercises a submission and returns plain data.

They run in the worker, after the submission was loaded: what they say teaches, it proves nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext, suppress
from functools import partial
from types import ModuleType
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from torchkata.worker.meters.memory import MemoryMeter
from torchkata.worker.meters.ops import Escapes, OpMeter, own_kernels
from torchkata.worker.meters.trace import EnoughSeen, TraceMeter
from torchkata.worker.twin import device as twin

# Taken now, as a submission may put anything in their place.
_equal = torch.equal
_grad = torch.autograd.grad


def describe(module: ModuleType, names: Iterable[str]) -> dict[str, dict[str, object] | None]:
    """Say of each name what it is and which parameters it takes; None where it is missing."""
    return {name: _described(getattr(module, name, None)) for name in names}


def defined(module: ModuleType) -> list[str]:
    """The functions and classes that the file itself defines, in its order."""
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
            [parameter.name, parameter.kind.name, parameter.default is not parameter.empty]
            for parameter in signature.parameters.values()
        ]
    return {"kind": kind, "type": type(thing).__name__, "parameters": parameters}


def on_device(device: str) -> Any:
    """Enter what `device` needs: the twin's mode, or nothing."""
    return twin.TwinMode() if device.startswith("twin") else nullcontext()


def move(tree: object, device: str) -> Any:
    """Bring every tensor of a tree to `device`, keeping `requires_grad`."""
    if device.startswith("twin"):
        return twin.to_twin(tree)
    if device == "cpu":
        return tree
    return torch.utils._pytree.tree_map_only(  # noqa: SLF001 - the tree functions have no public name
        torch.Tensor,
        lambda t: t.detach().to(device).requires_grad_(t.requires_grad),
        tree,
    )


def measured(
    module: ModuleType,
    probe: Callable[..., object],
    arguments: tuple[object, ...],
    device: str = "cpu",
    *,
    ops: bool = True,
    memory: bool = False,
    kept: bool = False,
) -> dict[str, object]:
    """Run another probe on `device` under meters; `kept` is the memory meter's.

    Returns:
        `value`, and where asked for `ops` and `memory` (plain forms of `OpCount`, `MemoryUse`);
        `worked_ns`, the CPU time of this thread, and of those that the meters do not follow; `own`,
        ops with another kernel; `left`, where values left; `synchronisations` on the twin.
    """
    answer: dict[str, object] = {}
    with ExitStack() as stack:
        mode = stack.enter_context(on_device(device))
        moved = move(arguments, device)
        memory_meter = (
            stack.enter_context(MemoryMeter((arguments, moved), kept=kept)) if memory else None
        )
        seen = len(mode.synchronisations) if mode is not None else 0
        escapes = stack.enter_context(Escapes())
        op_meter = stack.enter_context(OpMeter()) if ops else None
        value = probe(module, *moved)
        for meter in (op_meter, memory_meter):
            if meter is not None:
                answer["worked_ns"] = meter.worked_ns
        answer |= {"own": own_kernels(), "left": escapes.count.as_plain()}
        if memory_meter is not None:
            answer["memory"] = memory_meter.use.as_plain()
        if op_meter is not None:
            answer["ops"] = op_meter.count.as_plain()
        if mode is not None:
            events = mode.synchronisations[seen:]
            answer["synchronisations"] = [(event.op, event.line) for event in events]
    answer["value"] = value
    return answer


def ready(_module: ModuleType, device: str) -> None:
    """Make the first steps on a kind of device, which take longer than all later ones."""
    with on_device(device):
        x = move(torch.ones(2), device).requires_grad_()
        torch.autograd.grad((x * x).sum(), x)


def traced(
    module: ModuleType, probe: Callable[..., object], arguments: tuple[object, ...], device: str
) -> dict[str, object]:
    """Run another probe once more: `steps` as plain data; synchronisations as (op, line) pairs."""
    with on_device(device) as mode:
        moved = move(arguments, device)
        seen = len(mode.synchronisations) if mode is not None else 0
        with TraceMeter(_tensors(moved)) as meter, suppress(Exception, EnoughSeen):
            probe(module, *moved)
        events = mode.synchronisations[seen:] if mode is not None else []
        reads = [(event.op, event.line) for event in events]
        return {"steps": meter.steps, "synchronisations": reads}


def install(module: ModuleType, name: str, thing: object) -> None:
    """Put a baseline into the worker's module."""
    setattr(module, name, thing)


def adapt(module: ModuleType, name: str, probe: Callable[..., object]) -> None:
    """Let a probe be called like a function of the submission."""
    setattr(module, name, partial(probe, module))


def call(module: ModuleType, entry: str, *arguments: object) -> object:
    """Call an entry point."""
    return getattr(module, entry)(*arguments)


def placed(
    module: ModuleType, entry: str, arguments: tuple[object, ...], device: str
) -> dict[str, object]:
    """Call an entry point on `device`; say on which device each result lies.

    Returns:
        `value`, `devices` and `expected` ones, and `made`: which call made a result that is astray.
    """
    with on_device(device) as mode:
        moved = move(arguments, device)
        expected = {str(leaf.device) for leaf in tree_leaves(moved) if torch.is_tensor(leaf)}
        value = getattr(module, entry)(*moved)
        leaves = _tensors(value)
        devices = [str(leaf.device) for leaf in leaves]
        astray = [leaf for leaf in leaves if mode is not None and not twin.is_twin(leaf)]
        made = next((text for leaf in astray if (text := mode.origins.maker(leaf))), "")
        home = twin.to_host(value) if device.startswith("twin") else move(value, "cpu")
    return {"value": home, "devices": devices, "expected": sorted(expected), "made": made}


def purity(module: ModuleType, entry: str, arguments: tuple[object, ...]) -> list[int]:
    """Call an entry point; return the positions of the arguments whose tensors it modified."""
    before = [
        [(leaf, leaf._version, leaf.detach().clone()) for leaf in _tensors(argument)]  # noqa: SLF001
        for argument in arguments
    ]
    getattr(module, entry)(*arguments)
    return [
        position
        for position, tensors in enumerate(before)
        if any(
            leaf._version != version or not _same(leaf, copy)  # noqa: SLF001
            for leaf, version, copy in tensors
        )
    ]


def _tensors(tree: object) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return bool(_equal(one.detach().nan_to_num(nan=0.5), other.nan_to_num(nan=0.5)))


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
        `gradients`, one per wanted position (None where nothing flows), and `graph`, whether any
        result has a gradient graph at all.
    """
    with on_device(device):
        moved = list(move(arguments, device))
        for position in wanted:
            moved[position] = moved[position].detach().clone().requires_grad_()
        results = _tensors(getattr(module, entry)(*moved))
        weights = move(cotangents, device) if cotangents else [torch.ones_like(r) for r in results]
        pairs = [
            (result, weight.to(result.dtype))
            for result, weight in zip(results, weights, strict=True)
            if result.requires_grad
        ]
        if not pairs:
            return {"gradients": [None] * len(wanted), "graph": False}
        found = _grad(
            [result for result, _ in pairs],
            [moved[position] for position in wanted],
            [weight for _, weight in pairs],
            allow_unused=True,
        )
        return {"gradients": twin.to_host(list(found)), "graph": True}


def run_on(
    module: ModuleType, probe: Callable[..., object], arguments: tuple[object, ...], device: str
) -> object:
    """Run another probe with its tensors on `device`; its results come home."""
    with on_device(device):
        return move_home(probe(module, *move(arguments, device)), device)


def move_home(value: object, device: str) -> object:
    """Bring tensors back to the CPU."""
    return twin.to_host(value) if device.startswith("twin") else move(value, "cpu")
