"""Differences in type and structure, with advice that follows from the type."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from torchkata.grading.compare import describe
from torchkata.grading.compare.mismatch import Difference
from torchkata.i18n import EMPTY, Message, _, join


def wrong_type(got: object, expected: object, label: str | Message) -> Difference:
    """Return the difference for a result of the wrong type."""
    message = _(
        "Wrong type for {label}: expected {expected}, got {got}.",
        label=label,
        expected=describe.describe_type(expected),
        got=describe.describe_type(got),
    )
    return Difference(
        axis="contract", code="wrong-type", message=join(message, _advice(got, expected))
    )


def wrong_length(got: int, expected: int, label: str | Message) -> Difference:
    """Return the difference for a list or tuple of the wrong length."""
    message = _(
        "Wrong length for {label}: expected {expected}, got {got}.",
        label=label,
        expected=expected,
        got=got,
    )
    return Difference(axis="contract", code="wrong-length", message=message)


def wrong_keys(
    got: Mapping[object, object], expected: Mapping[object, object], label: str | Message
) -> Difference:
    """Return the difference for a dict with the wrong keys."""
    missing = ", ".join(repr(key) for key in expected if key not in got)
    unexpected = ", ".join(repr(key) for key in got if key not in expected)
    if not unexpected:
        message = _("Wrong keys for {label}: missing {missing}.", label=label, missing=missing)
    elif not missing:
        message = _(
            "Wrong keys for {label}: unexpected {unexpected}.", label=label, unexpected=unexpected
        )
    else:
        message = _(
            "Wrong keys for {label}: missing {missing}, unexpected {unexpected}.",
            label=label,
            missing=missing,
            unexpected=unexpected,
        )
    return Difference(axis="contract", code="wrong-keys", message=message)


def _advice(got: object, expected: object) -> Message:
    arrays = (Tensor, np.ndarray)
    type_name = describe.type_name(got)
    if "generator" in type_name:
        return _(
            "A comprehension in parentheses, or a function with `yield`, makes a generator: "
            "collect its items in a list."
        )
    if type_name.endswith(("function", "method", "function_or_method")):
        return _("This is a function itself, not the result of calling it.")
    if isinstance(expected, Tensor):
        return _advice_for_tensor(got)
    if isinstance(got, arrays) and isinstance(expected, (bool, int, float)):
        return _("Use `.item()` to get a Python number.") if got.ndim == 0 else EMPTY
    if isinstance(got, Tensor) and isinstance(expected, np.ndarray):
        return _("Use `.numpy()` to get the array.")
    if isinstance(got, arrays) and isinstance(expected, (list, tuple)):
        return _("Return the parts separately instead of stacking them.")
    return EMPTY


def _advice_for_tensor(got: object) -> Message:
    match got:
        case np.ndarray():
            return _("Use `torch.from_numpy` to wrap an array without copying it.")
        case tuple() if len(got) == 1:
            return _("A comma after the returned value makes a tuple of one item.")
        case list() if got and isinstance(got[0], Tensor):
            return _("Use `torch.stack` or `torch.cat` to join a list of tensors.")
        case list():
            return _("Use `torch.tensor` to make a tensor from a list of numbers.")
    return EMPTY
