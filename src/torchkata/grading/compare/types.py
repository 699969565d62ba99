"""Another kind of thing than expected came back: say which, and what likely made it."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from torchkata.grading.compare import describe
from torchkata.i18n import _, join


def wrong_kind(got: object, expected: object, label: str) -> str:
    """The message for an answer of the wrong type or structure."""
    message = _(
        "{got} came for {label}, expected {expected}.",
        got=describe.kind(got),
        label=label,
        expected=describe.kind(expected),
    )
    return describe.capital(join(message, _hint(got, expected)))


def wrong_length(got: int, expected: int, label: str) -> str:
    """The message for a list or tuple of another length."""
    return describe.capital(
        _(
            "{label} has 1 item, expected {expected}."
            if got == 1
            else "{label} has {got} items, expected {expected}.",
            label=label,
            got=got,
            expected=expected,
        )
    )


def wrong_keys(got: dict[object, object], expected: dict[object, object], label: str) -> str:
    """The message for a dict with other keys."""
    missing = ", ".join(repr(key) for key in expected if key not in got)
    extra = ", ".join(repr(key) for key in got if key not in expected)
    if not extra:
        message = _("{label}, a dict, lacks {missing}.", label=label, missing=missing)
    elif not missing:
        message = _(
            "{label}, a dict, has {extra}, which is not asked for.", label=label, extra=extra
        )
    else:
        message = _(
            "{label}, a dict, lacks {missing} and has {extra}, which is not asked for.",
            label=label,
            missing=missing,
            extra=extra,
        )
    return describe.capital(message)


def _hint(got: object, expected: object) -> str:
    arrays = (Tensor, np.ndarray)
    what = describe.kind(got, english)
    if got is None:
        return _("Is a `return` missing?")
    if "generator" in what:
        return _("Round brackets around a comprehension, or `yield`, make one: collect its items.")
    if what.endswith(("function", "method", "function_or_method")):
        return _("Are the brackets of a call missing?")
    if isinstance(expected, Tensor):
        return _hint_for_tensor(got)
    if isinstance(got, arrays) and isinstance(expected, (bool, int, float)):
        return _("`.item()` gives the Python number.") if got.ndim == 0 else ""
    if isinstance(got, Tensor) and isinstance(expected, np.ndarray):
        return _("`.numpy()` gives the array.")
    if isinstance(got, arrays) and isinstance(expected, (list, tuple)):
        return _("Return the parts one by one, not stacked.")
    return ""


def _hint_for_tensor(got: object) -> str:
    match got:
        case np.ndarray():
            return _("`torch.from_numpy` wraps an array without a copy.")
        case bool() | int() | float():
            return _("Return the tensor itself: `.item()` and `float()` take the value out of it.")
        case tuple() if len(got) == 1:
            return _("Is there a comma behind the returned value?")
        case tuple() if got and isinstance(got[0], Tensor):
            return _("Return only the one that is asked for: `max` and `sort` with a dim give two.")
        case list() if got and isinstance(got[0], Tensor):
            return _("`torch.stack` or `torch.cat` joins a list of tensors.")
        case list():
            return _("`torch.tensor` makes a tensor of a list of numbers.")
    return ""
