"""Watch what a call leaves changed: settings of autocast, and the state of a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import nn

_CUDA = "cuda"  # the device type that legacy autocast functions switch on everywhere


@contextmanager
def autocast_changes(kind: str, low: str = "", *, outer: bool | None = None) -> Iterator[list[str]]:
    """Collect the settings of autocast that the block leaves changed, and restore them.

    Args:
        kind: a device type.
        low: the low-precision dtype in the block, such as `float16` (default: unchanged).
        outer: whether autocast is on around the block (default: no autocast around it).

    Yields:
        A list that is filled at the end of the block, with one line per changed setting, such as
        `autocast is on: False before, True after`.
    """
    changes: list[str] = []
    original_dtype = torch.get_autocast_dtype(kind)
    try:
        if low:
            torch.set_autocast_dtype(kind, getattr(torch, low))
        with nullcontext() if outer is None else torch.autocast(kind, enabled=outer):
            before = _settings(kind)
            yield changes
            after = _settings(kind)
    finally:
        for device_type in (kind, _CUDA):
            torch.set_autocast_enabled(device_type=device_type, enabled=False)
        torch.set_autocast_dtype(kind, original_dtype)
        torch.set_autocast_cache_enabled(True)
    changes += [
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
def module_changes(net: nn.Module) -> Iterator[dict[str, list[str]]]:
    """Collect what the block changes in a module.

    Yields:
        A dict that is filled at the end of the block: under `values`, `grad` and `requires_grad`
        the names of the parameters for which these changed, under `mode` and `hooks` the names of
        the modules.
    """
    changed: dict[str, list[str]] = {}
    parameters = dict(net.named_parameters())
    values = {name: p.detach().clone() for name, p in parameters.items()}
    grads = {name: None if p.grad is None else p.grad.clone() for name, p in parameters.items()}
    flags = {name: p.requires_grad for name, p in parameters.items()}
    modules = dict(net.named_modules())
    modes = {name: module.training for name, module in modules.items()}
    hooks = {name: _hook_count(module) for name, module in modules.items()}
    yield changed
    changed["values"] = [name for name, p in parameters.items() if not torch.equal(p, values[name])]
    changed["grad"] = [name for name, p in parameters.items() if not _equal(p.grad, grads[name])]
    changed["requires_grad"] = [n for n, p in parameters.items() if p.requires_grad != flags[n]]
    changed["mode"] = [name for name, m in modules.items() if m.training != modes[name]]
    changed["hooks"] = [name for name, m in modules.items() if _hook_count(m) != hooks[name]]


def _equal(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    return one is other or (one is not None and other is not None and torch.equal(one, other))


def _hook_count(module: nn.Module) -> int:
    return len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)  # noqa: SLF001 - hooks have no public name
