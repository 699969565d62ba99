"""Inspect a module: what it registers, moves, saves and shares; and inject parameters."""

from __future__ import annotations

from itertools import chain
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from torchkata.probes.settings import module_changes


def registered_names(net: nn.Module) -> tuple[list[str], list[str]]:
    """Return the names of a module's parameters and the keys of its state dict, both sorted."""
    return sorted(name for name, _ in net.named_parameters()), sorted(net.state_dict())


def tensor_at(net: nn.Module, path: str) -> Tensor | None:
    """Return the tensor at a path such as `layers.0.weight`; None if there is none."""
    found: Any = net
    for part in path.split("."):
        try:
            found = found[int(part)] if part.isdigit() else getattr(found, part)
        except (AttributeError, IndexError, TypeError):
            return None
    return found if torch.is_tensor(found) else None


def module_structure(
    kata: ModuleType, entry: str, arguments: tuple[Any, ...], paths: list[str]
) -> dict[str, Any]:
    """Describe two modules that are created with the same arguments.

    Args:
        kata: the submission.
        entry: the name of the class or function that creates a module.
        arguments: its arguments.
        paths: paths to the tensors that the module must have.

    Returns:
        `type`, empty if it is a module; `names`, those of the parameters; `keys`, those of the
        state; `shapes` by path, None if there is no tensor; `unregistered` and `repeated`, the
        paths to tensors that are not registered, or that another path leads to; `frozen`, the
        names of the parameters that do not require grad; and `shared`, the number of tensors that
        both modules share.
    """
    nets = [getattr(kata, entry)(*arguments) for _each in range(2)]
    if not isinstance(nets[0], nn.Module):
        return {"type": type(nets[0]).__name__}
    net = nets[0]
    names, keys = registered_names(net)
    tensors = {path: tensor_at(net, path) for path in paths}
    ids = [id(tensor) for tensor in tensors.values() if tensor is not None]
    first, second = (set(map(id, chain(each.parameters(), each.buffers()))) for each in nets)
    return {
        "type": "",
        "names": names,
        "keys": keys,
        "shapes": {path: None if t is None else list(t.shape) for path, t in tensors.items()},
        "unregistered": [path for path, t in tensors.items() if id(t) not in first],
        "repeated": [path for path, t in tensors.items() if ids.count(id(t)) > 1],
        "frozen": sorted(name for name, p in net.named_parameters() if not p.requires_grad),
        "shared": len(first & second),
    }


def saved_and_loaded(
    kata: ModuleType,
    entry: str,
    arguments: tuple[Any, ...],
    values: dict[str, Tensor],
    inputs: list[Tensor],
) -> dict[str, Any]:
    """Fill a module with values by path, and load its state into another one that was used before.

    Returns:
        `state` by path, of the module that loaded it; its `result` for inputs that are 1 larger, if
        there are any, which are overwritten; and the `arguments` afterwards.
    """
    saved, loaded = (getattr(kata, entry)(*arguments) for _each in range(2))
    for path, value in values.items():
        tensor = tensor_at(saved, path)
        if tensor is not None and tensor.shape == value.shape:
            tensor.detach().copy_(value)
    result = None
    with torch.no_grad():  # as in inference, for which a module may keep results
        if inputs:
            loaded(*inputs)
            for x in inputs:
                x.add_(1)
        loaded.load_state_dict(saved.state_dict())
        if inputs:
            result = loaded(*inputs)
    state = {path: tensor_at(loaded, path) for path in values}
    return {
        "state": {path: None if t is None else t.detach() for path, t in state.items()},
        "result": result,
        "arguments": arguments,
    }


def changed_by_forward(
    kata: ModuleType, entry: str, arguments: tuple[Any, ...], inputs: list[Tensor]
) -> dict[str, list[str]]:
    """Return what a forward pass changes in a new module, see `module_changes`."""
    net = getattr(kata, entry)(*arguments)
    with module_changes(net) as changed:
        net(*inputs)
    return {what: [name or entry for name in names] for what, names in changed.items()}


def starting_spread(
    kata: ModuleType, entry: str, arguments: tuple[Any, ...], paths: list[str], count: int
) -> dict[str, float]:
    """Create modules one after the other, from a fixed seed.

    Returns:
        The standard deviation of an element over the modules, by the path to each tensor.
    """
    torch.manual_seed(1)
    nets = [getattr(kata, entry)(*arguments) for _each in range(count)]
    spread = {}
    for path in paths:
        drawn = [tensor for net in nets if (tensor := tensor_at(net, path)) is not None]
        if drawn:
            spread[path] = float(torch.stack(drawn).detach().double().std(0).mean())
    return spread


def left_behind(
    kata: ModuleType, entry: str, arguments: tuple[Any, ...], paths: list[str], target: Tensor
) -> list[str]:
    """Create a module on the CPU and move it to the device of `target`.

    Returns:
        The paths to the tensors that did not move or do not exist, and the names of others in the
        state that did not move.
    """
    on_cpu = (each.cpu() if torch.is_tensor(each) else each for each in arguments)
    net = getattr(kata, entry)(*on_cpu).to(target.device)
    tensors = {path: tensor_at(net, path) for path in paths}
    stayed = [path for path, t in tensors.items() if t is None or t.device != target.device]
    return stayed or params_left_behind(net, target)


def params_left_behind(net: nn.Module, x: Tensor) -> list[str]:
    """Move a module to the device of `x`; return the names in its state that did not move."""
    state = net.to(x.device).state_dict()
    return [name for name, tensor in state.items() if tensor.device != x.device]


def with_parameters(module: nn.Module, **tensors: Tensor) -> None:
    """Make a module compute with the given tensors in place of its own parameters.

    Gradients flow through them to the tensors that were passed, as they would not through a copy.
    They are cast to the dtype and moved to the device that the parameters have at this point.

    Args:
        module: the module that holds the parameters itself, such as one layer.
        tensors: by the names of the parameters, in their shapes.

    Raises:
        ValueError: the module has no parameter of that name and shape.
    """
    for name, tensor in tensors.items():
        own = module._parameters.get(name)  # noqa: SLF001 - an attribute takes nn.Parameter alone
        if own is None or own.shape != tensor.shape:
            kind = type(module).__name__
            raise ValueError(f"{kind} has no parameter {name} of shape {list(tensor.shape)}.")
        module._parameters[name] = tensor.to(own)  # type: ignore[assignment]  # noqa: SLF001
