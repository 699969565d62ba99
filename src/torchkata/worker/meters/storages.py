"""Tensors of an op for the meters: which it takes, which it writes to, and their storages."""

from __future__ import annotations

import builtins
import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep


Memory = torch.UntypedStorage | torch.Tensor
"""What holds memory: a storage, or a tensor whose memory has no storage, such as one of mkldnn."""


def memory_of(tensor: torch.Tensor | torch.UntypedStorage) -> list[Memory]:
    """Return what holds the memory of a tensor: its storage, or several for a sparse one."""
    if isinstance(tensor, torch.UntypedStorage):
        return [tensor]
    try:
        return [tensor.untyped_storage()]
    except NotImplementedError:
        parts = [
            part for name in _PARTS.get(tensor.layout, ()) for part in [getattr(tensor, name)()]
        ]
        return [memory for part in parts for memory in memory_of(part)] or [tensor]


_PARTS = {
    torch.sparse_coo: ("_indices", "_values"),
    torch.sparse_csr: ("crow_indices", "col_indices", "values"),
    torch.sparse_csc: ("ccol_indices", "row_indices", "values"),
    torch.sparse_bsr: ("crow_indices", "col_indices", "values"),
    torch.sparse_bsc: ("ccol_indices", "row_indices", "values"),
}
"""Methods that return the parts of a sparse tensor, by layout."""


def nbytes(memory: Memory) -> int:
    """Return the bytes that a storage has, or that the entries of a tensor without one take."""
    if isinstance(memory, torch.UntypedStorage):
        return memory.nbytes()
    return memory.numel() * memory.element_size()


def written_storages(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Return the arguments that an op writes to."""
    parameters = _written_parameters(func)
    if not parameters:  # true of most ops, and this runs for every op
        return []
    return [args[n] if n < len(args) else kwargs.get(name) for n, name in parameters]


@functools.cache
def _written_parameters(func: Any) -> tuple[tuple[int, str], ...]:
    """Return position and name of each parameter that an op writes to."""
    schema = getattr(func, "_schema", None)
    return tuple(
        (position, argument.name)
        for position, argument in enumerate(schema.arguments if schema is not None else ())
        if argument.alias_info is not None and argument.alias_info.is_write
    )


def is_real(storage: Memory) -> bool:
    """Return whether a storage has memory; meta, fake and wrapper tensors have none."""
    if not isinstance(storage, torch.UntypedStorage):
        return storage.device.type == "cpu"
    with suppress(RuntimeError):
        return storage.data_ptr() != 0 or storage.nbytes() == 0
    return False


def tensors_of(value: Any) -> Iterator[torch.Tensor | torch.UntypedStorage]:
    """Yield the tensors and storages among the arguments or results of an op."""
    if isinstance(value, torch.Tensor | torch.UntypedStorage):
        yield value
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from tensors_of(item)


def leaves_of(value: Any) -> Iterator[Any]:
    """Yield the tensors, storages and NumPy arrays in a tree of inputs, including gradients."""
    if isinstance(value, torch.nn.Module):
        yield from leaves_of([*value.parameters(), *value.buffers()])
    elif isinstance(value, tuple | list | dict | set | frozenset):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves_of(item)
    elif isinstance(value, torch.Tensor):
        yield value
        if value.is_leaf and value.grad is not None:
            yield value.grad
    elif isinstance(value, torch.UntypedStorage) or hasattr(value, "__array_interface__"):
        yield value
