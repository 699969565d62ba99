"""`torch.tensor` of lists that hold twin tensors: the host reads each one, as on a GPU.

PyTorch reads such lists in C++. It takes a twin tensor for a sequence, because the class defines
`__getitem__` in Python, and fails for tensors without dims.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import torch

from torchkata.worker.twin.host_syncs import sync_reason
from torchkata.worker.twin.tensor import TwinTensorBase, inner_of

_NAMES: Final = ("tensor", "as_tensor", "asarray")
_MOST_DEPTH: Final = 8


def replace_factories() -> None:
    """Replace the functions that make a tensor from a list, for the rest of this process."""
    for name in _NAMES:
        setattr(torch, name, _reading(name, getattr(torch, name)))


def _reading(name: str, factory: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(factory)
    def read_first(data: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(data, (list, tuple)) and _holds_twin(data):
            data = _on_host(data, f"torch.{name}")
        return factory(data, *args, **kwargs)

    if torch.jit._builtins._builtin_table is not None:  # noqa: SLF001 - how scripts find it by its id
        torch.jit._builtins._register_builtin(read_first, f"aten::{name}")  # noqa: SLF001 - likewise
    return read_first


def _holds_twin(data: Any, depth: int = 0) -> bool:
    return depth < _MOST_DEPTH and any(
        isinstance(part, TwinTensorBase)
        or (isinstance(part, (list, tuple)) and _holds_twin(part, depth + 1))
        for part in data
    )


def _on_host(data: Any, reason: str) -> Any:
    """Return the same lists with the values of the twin tensors; each one is a synchronization."""
    if isinstance(data, (list, tuple)):
        return [_on_host(part, reason) for part in data]
    if not isinstance(data, TwinTensorBase):
        return data
    if data.numel() != 1:  # raises what PyTorch raises for it
        return inner_of(data)
    with sync_reason(reason), torch.no_grad():
        return data.detach().cpu()
