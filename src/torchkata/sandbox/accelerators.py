"""The accelerators of this machine."""

from __future__ import annotations

import torch

_KINDS = ("cuda", "xpu", "mps")
"""Queried one by one, because `torch.accelerator` names the twin once it is registered."""


def available_accelerators() -> list[str]:
    """Return the names of the real accelerators, such as `cuda:0`, `xpu:0` or `mps`.

    Returns:
        Device names that `torch.device` accepts; an empty list on a machine with only a CPU.
    """
    names = []
    for kind in _KINDS:
        module = torch.get_device_module(kind)
        if not module.is_available():
            continue
        if kind == "mps":  # one per machine, spelled without an index
            names.append(kind)
        else:
            names += [f"{kind}:{index}" for index in range(module.device_count())]
    return names
