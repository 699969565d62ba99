"""Values as Python code that makes them again, exact to the last bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch


class NotWritableError(Exception):
    """Raised for a value that cannot be written as Python code."""


def is_data(value: object) -> bool:
    """Return whether `torch.load` reads back a saved value as it was."""
    if isinstance(value, (list, tuple)):
        return all(map(is_data, value))
    if isinstance(value, dict):
        return all(map(is_data, value.values()))
    return value is None or isinstance(value, (torch.Tensor, bool, int, float, complex, str))


def count_numbers(value: object) -> int:
    """Return how many numbers a value holds."""
    if isinstance(value, torch.Tensor):
        return value.numel()
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, (list, tuple)):
        return sum(map(count_numbers, value))
    if isinstance(value, dict):
        return sum(map(count_numbers, value.values()))
    return 1


def is_plain(value: object) -> bool:
    """Return whether code that lists the numbers of a value gives it the same memory layout."""
    if isinstance(value, torch.Tensor):
        return value.is_contiguous()
    return not isinstance(value, (list, tuple)) or all(map(is_plain, value))


def literal(value: object) -> str:
    """Return Python code for a value, exact to the last bit."""
    match value:
        case torch.Tensor():
            return _tensor(value)
        case np.ndarray():
            return f"np.array({_numbers(value.tolist(), double=True)}, dtype=np.{value.dtype})"
        case torch.Generator():
            return f"torch.Generator().manual_seed({value.initial_seed()})"
        case bool() | None | int() | complex() | str():
            return repr(value)
        case float():
            return _numbers(value, double=True)
        case torch.dtype():
            return str(value)
        case torch.device():
            return f"torch.device({str(value)!r})"
        case list():
            return f"[{', '.join(map(literal, value))}]"
        case tuple():
            return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
        case dict():
            return f"{{{', '.join(f'{key!r}: {literal(item)}' for key, item in value.items())}}}"
        case _:
            raise NotWritableError


def _tensor(tensor: torch.Tensor) -> str:
    if tensor.layout is not torch.strided or tensor.is_quantized:
        raise NotWritableError
    kept = tensor.detach().cpu()
    double = not kept.is_floating_point() or kept.dtype is torch.float64
    listed: Any = kept.tolist() if double else kept.float().numpy().tolist()
    listed = listed if double else _as_float32(listed)
    text = f"torch.tensor({_numbers(listed, double=double)}, dtype={kept.dtype})"
    if kept.numel() == 0:
        text = f"torch.empty({tuple(kept.shape)}, dtype={kept.dtype})"
    return f"{text}.requires_grad_()" if tensor.requires_grad else text


def _as_float32(value: Any) -> Any:
    return [_as_float32(item) for item in value] if isinstance(value, list) else np.float32(value)


def _numbers(value: Any, *, double: bool) -> str:
    """Return code for nested lists of numbers; the shortest that is exact in their precision."""
    if isinstance(value, list):
        return f"[{', '.join(_numbers(item, double=double) for item in value)}]"
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        return {"nan": "float('nan')", "inf": "float('inf')"}.get(str(value), "-float('inf')")
    return repr(value) if double else str(value)
