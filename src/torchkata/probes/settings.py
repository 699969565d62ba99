"""Watch what a call leaves behind it: settings of autocast, and a module's own state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import nn

_CUDA = "cuda"  # what code for GPUs switches on by its old names, wherever it runs


@contextmanager
def watching_autocast(
    kind: str, low: str = "", *, outer: bool | None = None
) -> Iterator[list[str]]:
    """Collect the settings of autocast that the block leaves changed, and put them back.

    Args:
        kind: a type of device.
        low: its low precision in the block, such as `float16`; its own by default.
        outer: whether autocast is on around the block; nothing is around it by default.

    Yields:
        A list that is filled at the block's end, a line such as `autocast is on: False before,
        True after` for each setting.
    """
    left: list[str] = []
    shipped = torch.get_autocast_dtype(kind)
    try:
        if low:
            torch.set_autocast_dtype(kind, getattr(torch, low))
        with nullcontext() if outer is None else torch.autocast(kind, enabled=outer):
            before = _settings(kind)
            yield left
            after = _settings(kind)
    finally:
        for device_type in (kind, _CUDA):
            torch.set_autocast_enabled(device_type=device_type, enabled=False)
        torch.set_autocast_dtype(kind, shipped)
        torch.set_autocast_cache_enabled(True)
    left += [
        f"{what}: {value} before, {after[what]} after"
        for what, value in before.items()
        if value != after[what]
    ]


def _settings(kind: str) -> dict[str, object]:
    return {
        "autocast is on": torch.is_autocast_enabled(kind),
        "autocast of cuda is on": torch.is_autocast_enabled(_CUDA),
        "the low precision": torch.get_autocast_dtype(kind),
        "the cache of cast weights is on": torch.is_autocast_cache_enabled(),
    }


@contextmanager
def watching_module(net: nn.Module) -> Iterator[dict[str, list[str]]]:
    """Collect what the block changes of a module.

    Yields:
        A dict that is filled at the block's end: the names of those parameters whose `values`,
        `grad` or `requires_grad` are others, and of those modules whose `mode` or `hooks` are.
    """
    changed: dict[str, list[str]] = {}
    parameters = dict(net.named_parameters())
    values = {name: p.detach().clone() for name, p in parameters.items()}
    grads = {name: None if p.grad is None else p.grad.clone() for name, p in parameters.items()}
    flags = {name: p.requires_grad for name, p in parameters.items()}
    modules = dict(net.named_modules())
    modes = {name: module.training for name, module in modules.items()}
    hooks = {name: _hooks(module) for name, module in modules.items()}
    yield changed
    changed["values"] = [name for name, p in parameters.items() if not torch.equal(p, values[name])]
    changed["grad"] = [name for name, p in parameters.items() if not _equal(p.grad, grads[name])]
    changed["requires_grad"] = [n for n, p in parameters.items() if p.requires_grad != flags[n]]
    changed["mode"] = [name for name, m in modules.items() if m.training != modes[name]]
    changed["hooks"] = [name for name, m in modules.items() if _hooks(m) != hooks[name]]


def _equal(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    return one is other or (one is not None and other is not None and torch.equal(one, other))


def _hooks(module: nn.Module) -> int:
    return len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)  # noqa: SLF001 - hooks have no public name
