"""Another kind of thing than expected came back: say which, and what likely made it."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from torchkata.compare import words


def wrong_kind(got: object, expected: object, label: str) -> str:
    """The message for an answer of the wrong type or structure."""
    message = f"{words.kind(got)} came for {label}, expected {words.kind(expected)}."
    hint = _hint(got, expected)
    return words.capital(f"{message} {hint}" if hint else message)


def wrong_length(got: int, expected: int, label: str) -> str:
    """The message for a list or tuple of another length."""
    return words.capital(f"{label} has {got} item{'' if got == 1 else 's'}, expected {expected}.")


def wrong_keys(got: dict[object, object], expected: dict[object, object], label: str) -> str:
    """The message for a dict with other keys."""
    missing = ", ".join(repr(key) for key in expected if key not in got)
    extra = ", ".join(repr(key) for key in got if key not in expected)
    parts = [f"lacks {missing}"] if missing else []
    parts += [f"has {extra}, which is not asked for"] if extra else []
    return words.capital(f"{label}, a dict, {' and '.join(parts)}.")


def _hint(got: object, expected: object) -> str:
    arrays = (Tensor, np.ndarray)
    what = words.kind(got)
    if got is None:
        return "Is a `return` missing?"
    if "generator" in what:
        return "Round brackets around a comprehension, or `yield`, make one: collect its items."
    if what.endswith(("function", "method", "function_or_method")):
        return "Are the brackets of a call missing?"
    if isinstance(expected, Tensor):
        return _hint_for_tensor(got)
    if isinstance(got, arrays) and isinstance(expected, (bool, int, float)):
        return "`.item()` gives the Python number." if got.ndim == 0 else ""
    if isinstance(got, Tensor) and isinstance(expected, np.ndarray):
        return "`.numpy()` gives the array."
    if isinstance(got, arrays) and isinstance(expected, (list, tuple)):
        return "Return the parts one by one, not stacked."
    return ""


def _hint_for_tensor(got: object) -> str:
    match got:
        case np.ndarray():
            return "`torch.from_numpy` wraps an array without a copy."
        case bool() | int() | float():
            return "Return the tensor itself: `.item()` and `float()` take the value out of it."
        case tuple() if len(got) == 1:
            return "Is there a comma behind the returned value?"
        case tuple() if got and isinstance(got[0], Tensor):
            return "Return only the one that is asked for: `max` and `sort` with a dim give two."
        case list() if got and isinstance(got[0], Tensor):
            return "`torch.stack` or `torch.cat` joins a list of tensors."
        case list():
            return "`torch.tensor` makes a tensor of a list of numbers."
    return ""
