"""The arguments of a call as text, if they are few enough to read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import torch

from torchkata.i18n import EMPTY, Message, comma_list

MOST_NUMBERS: Final = 8
"""The most numbers that all arguments of a call may have together to be shown."""

_DIGITS: Final = (4, 6, 9)  # significant, tried in order, before a number is written in full
_MOST_TEXT: Final = 40  # characters of a string
_UNSAID: Final = (torch.float32, torch.int64, torch.bool)  # what torch.tensor infers


def describe_inputs(names: Sequence[str], arguments: Sequence[object]) -> Message:
    """Return the arguments of a call as code, such as `x = tensor([0.3, -1.2])`, `dim = 0`.

    Args:
        names: of the parameters, in order.
        arguments: one per name; missing ones at the end are left out.

    Returns:
        The assignments in backticks; empty if the arguments have more than 8 numbers. Arguments
        that are no data, such as functions and generators, are left out.
    """
    if sum(map(_count, arguments)) > MOST_NUMBERS:
        return EMPTY
    pairs = zip(names, arguments, strict=False)
    written = [(name, _text(value)) for name, value in pairs]
    return comma_list([f"`{name} = {text}`" for name, text in written if text])


def _count(value: object) -> int:
    """Return how many numbers a value holds."""
    if isinstance(value, torch.Tensor):
        return value.numel()
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, (list, tuple)):
        return sum(map(_count, value))
    if isinstance(value, dict):
        return sum(map(_count, value.values()))
    return int(isinstance(value, (int, float, complex)))


def _text(value: object) -> str:
    """Return a value as Python code that a reader understands; empty if it is no data."""
    match value:
        case torch.Tensor():
            return _tensor(value)
        case np.ndarray():
            return _array(value)
        case np.generic():
            return _text(value.item())
        case bool() | None | int() | complex():
            return repr(value)
        case float():
            return _number(value, _all_digits([value]))
        case str():
            return repr(value if len(value) <= _MOST_TEXT else value[:_MOST_TEXT] + "...")
        case torch.dtype() | torch.device():
            return str(value)
        case list() | tuple() | dict():
            return _container(value)
        case _:
            return ""


def _container(value: list[Any] | tuple[Any, ...] | dict[Any, Any]) -> str:
    if isinstance(value, dict):
        texts = [_text(item) for item in value.values()]
        pairs = ", ".join(f"{key!r}: {text}" for key, text in zip(value, texts, strict=True))
        return f"{{{pairs}}}" if all(texts) else ""
    texts = [_text(item) for item in value]
    if not all(texts):
        return ""
    inside = ", ".join(texts)
    if isinstance(value, list):
        return f"[{inside}]"
    return f"({inside},)" if len(texts) == 1 else f"({inside})"


def _tensor(tensor: torch.Tensor) -> str:
    if tensor.is_sparse or tensor.is_quantized or tensor.is_nested:
        return ""
    kept = tensor.detach().cpu()
    listed = kept.tolist() if kept.dtype.is_complex or not kept.is_floating_point() else None
    if listed is None:
        listed = kept.double().tolist()
    parts = [_nested(listed, _all_digits(_leaves(listed), kept.dtype))]
    if kept.numel() == 0 and kept.dim() > 1:
        parts.append(f"size={tuple(kept.shape)}")
    empty_of_another = kept.numel() == 0 and kept.dtype is not torch.float32
    if kept.dtype not in _UNSAID or empty_of_another:
        parts.append(f"dtype={kept.dtype}")
    return f"tensor({', '.join(parts)})"


def _array(array: np.ndarray[Any, Any]) -> str:
    if array.dtype.kind not in "bifu":
        return ""
    listed = array.tolist()
    inferred = array.dtype in (np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_))
    dtype = "" if inferred else f", dtype={array.dtype}"
    return f"array({_nested(listed, _all_digits(_leaves(listed)))}{dtype})"


def _nested(value: object, digits: int) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_nested(item, digits) for item in value)}]"
    return _number(value, digits) if isinstance(value, float) else repr(value)


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _all_digits(values: Iterable[object], dtype: torch.dtype = torch.float64) -> int:
    """Return how many significant digits tell all values apart, from each other and from integers.

    A value may also be the neighbor of an integer, such as 0.9999999: it is not shown as one.
    """
    floats = {value for value in values if isinstance(value, float) and math.isfinite(value)}
    for digits in _DIGITS:
        rounded = {value: float(f"{value:.{digits}g}") for value in floats}
        distinct = len(set(rounded.values())) == len(floats)
        hidden = any(
            shown.is_integer() and not value.is_integer() for value, shown in rounded.items()
        )
        exact = all(value == shown for value, shown in rounded.items() if value.is_integer())
        if distinct and exact and not hidden:
            return digits
    return 17 if dtype is torch.float64 else 9


def _number(value: float, digits: int) -> str:
    """Format a float as code does: `0.3`, `1.0`, `1e-30`, `nan`."""
    if not math.isfinite(value):
        return str(value)
    shortest, rounded = repr(value), f"{value:.{digits}g}"
    text = shortest if len(shortest) <= len(rounded) + 2 and digits > max(_DIGITS) else rounded
    return text if any(mark in text for mark in ".en") else f"{text}.0"
