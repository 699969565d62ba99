"""Move trees of tensors to a device and back, and enter what the device needs."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch

from torchkata.worker.twin import device as twin


def on_device(device: str) -> Any:
    """Return the context that `device` needs: the twin's mode, or none."""
    return twin.TwinMode() if device.startswith("twin") else nullcontext()


def to_device(tree: object, device: str) -> Any:
    """Copy every tensor of a tree to `device`, keeping `requires_grad`."""
    if device.startswith("twin"):
        return twin.to_twin(tree)
    return tree if device == "cpu" else _moved(tree, device)


def to_cpu(tree: object, device: str) -> Any:
    """Copy the tensors of a tree from `device` to the CPU, the only device of the wire format."""
    if device.startswith("twin"):
        return twin.to_host(tree)
    return tree if device == "cpu" else _moved(tree, "cpu")


def _moved(tree: object, device: str) -> Any:
    return torch.utils._pytree.tree_map_only(  # noqa: SLF001 - the tree functions have no public name
        torch.Tensor,
        lambda t: t.detach().to(device).requires_grad_(t.requires_grad),
        tree,
    )
