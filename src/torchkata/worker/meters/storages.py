"""What the meters ask of tensors: which ones an operation takes and writes, and their storages."""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator


def storage_of(tensor: torch.Tensor | torch.UntypedStorage) -> torch.UntypedStorage | None:
    """The storage itself; None where there is none of its own, as in a sparse tensor."""
    if isinstance(tensor, torch.UntypedStorage):
        return tensor
    try:
        return tensor.untyped_storage()
    except NotImplementedError:
        return None


def written(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The arguments that an operation writes to."""
    places = _places(func)
    if not places:  # most of them: this is asked for each
        return []
    return [args[place] if place < len(args) else kwargs.get(name) for place, name in places]


@functools.cache
def _places(func: Any) -> tuple[tuple[int, str], ...]:
    """Position and name of each argument that an operation writes to."""
    schema = getattr(func, "_schema", None)
    return tuple(
        (place, argument.name)
        for place, argument in enumerate(schema.arguments if schema is not None else ())
        if argument.alias_info is not None and argument.alias_info.is_write
    )


def is_real(storage: torch.UntypedStorage) -> bool:
    """Whether there is memory behind a storage; meta, fake and wrapper tensors have none."""
    with suppress(RuntimeError):
        return storage.data_ptr() != 0 or storage.nbytes() == 0
    return False


def tensors_of(value: Any) -> Iterator[torch.Tensor | torch.UntypedStorage]:
    """The tensors and storages among an operation's arguments or results."""
    if isinstance(value, torch.Tensor | torch.UntypedStorage):
        yield value
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from tensors_of(item)


def leaves_of(value: Any) -> Iterator[Any]:
    """The tensors, storages and numpy arrays in a tree of inputs, gradients included."""
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
