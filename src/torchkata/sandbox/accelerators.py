"""Accelerators that are present on this machine, and how to wait for them."""

from __future__ import annotations

import torch

_KINDS = ("cuda", "xpu", "mps")
"""Asked one by one: `torch.accelerator` names the twin once that is registered."""


def present() -> list[str]:
    """Name the real accelerators, such as `cuda:0`, `xpu:0` or `mps`.

    Returns:
        Device names that `torch.device` takes; an empty list on a machine with a CPU only.
    """
    found = []
    for kind in _KINDS:
        module = torch.get_device_module(kind)
        if not module.is_available():
            continue
        if kind == "mps":  # one per machine, and spelled without an index
            found.append(kind)
        else:
            found += [f"{kind}:{index}" for index in range(module.device_count())]
    return found


def synchronise(device: str | torch.device) -> None:
    """Wait until all work that was queued on `device` is done.

    Args:
        device: where to wait. The CPU and the twin compute at once: for them it does nothing.

    Raises:
        RuntimeError: no such accelerator is present.
    """
    kind, _, index = str(device).partition(":")
    if kind not in _KINDS:
        return
    module = torch.get_device_module(kind)
    if not module.is_available():
        raise RuntimeError(f"There is no {kind.upper()} device on this machine to wait for.")
    if index:
        module.synchronize(int(index))
    else:
        module.synchronize()
