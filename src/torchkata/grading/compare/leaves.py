"""Compare two leaves of an answer: tensors, arrays, or plain Python values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchkata.course.spec.tolerance import Tolerance
from torchkata.grading.compare import describe, metadata, types
from torchkata.grading.compare.difference import Difference
from torchkata.grading.compare.tolerance import relative, tolerance_for
from torchkata.grading.compare.values import values_differ
from torchkata.i18n import _

_STAND_INS = {
    "uint16": np.int32,
    "uint32": np.int64,
    "uint64": np.int64,  # values beyond 2**63 wrap, in both arrays alike
    "float128": np.float64,
    "complex256": np.complex128,
}


def tensors_differ(
    got: Tensor,
    expected: Tensor,
    *,
    precise: Tensor | None,
    tolerance: Tolerance | None,
    dtype: bool,
    device: bool,
    label: str,
    names: tuple[str, str] | None = None,
) -> list[Difference]:
    """The differences of two tensors: shape, dtype, device, values.

    Args:
        got: the submission's tensor.
        expected: the reference's tensor.
        precise: the reference's in float64, where known.
        tolerance: instead of the one that follows from dtype and scale.
        dtype: whether the dtypes must be the same.
        device: whether the devices must be the same.
        label: what the tensor is called in messages.
        names: the dtypes' names, where they differ from those of the tensors.
    """
    if got.shape != expected.shape:
        message = metadata.wrong_shape(tuple(got.shape), tuple(expected.shape), label)
        return [Difference(axis="shape", message=message)]
    found = []
    ours, theirs = names or (_name(got), _name(expected))
    other_dtype = dtype and ours != theirs
    if other_dtype:
        found.append(Difference(axis="dtype", message=metadata.wrong_dtype(ours, theirs, label)))
    if device and got.device != expected.device:
        message = metadata.wrong_device(got.device, expected.device, label)
        found.append(Difference(axis="device", message=message))
    if got.numel() == 0:
        return found
    castable = got.is_complex() or not expected.is_complex()
    coarser = castable and relative(got.dtype) > relative(expected.dtype)
    if other_dtype and coarser and tolerance is None:
        # The dtype is reported; the rounding that comes with it is not a second mistake.
        tolerance = tolerance_for(expected.to(got.dtype))
    values = values_differ(got, expected, precise=precise, tolerance=tolerance, label=label)
    return [*found, values] if values else found


def arrays_differ(
    got: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], *, precise: object, **options: Any
) -> list[Difference]:
    """The differences of two NumPy arrays of numbers, found as for tensors."""
    return tensors_differ(
        as_tensor(got),
        as_tensor(expected),
        precise=as_tensor(precise) if isinstance(precise, np.ndarray) else None,
        names=(got.dtype.name, expected.dtype.name),
        **{**options, "device": False},
    )


def as_tensor(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor of the same values; dtypes that torch lacks become another that holds them."""
    dtype = _STAND_INS.get(array.dtype.name, array.dtype)
    return torch.from_numpy(np.array(array, dtype=dtype, order="C"))  # a copy: may be read-only


def plain_differ(
    got: object, expected: object, *, precise: object, tolerance: Tolerance | None, label: str
) -> Difference | None:
    """The difference of two Python values that are no containers; None where they agree."""
    got, expected = _python(got), _python(expected)
    numbers = isinstance(got, (int, float)) and isinstance(expected, (int, float))
    if isinstance(got, bool) != isinstance(expected, bool):
        numbers = False
    if not numbers and type(got) is not type(expected):
        message = types.wrong_kind(got, expected, label)
        return Difference(axis="contract", message=message)
    if not isinstance(got, (int, float)) or not isinstance(expected, (int, float)):
        if got == expected:
            return None
        return Difference(axis="values", message=_is(label, _short(got), _short(expected)))
    return _numbers_differ(got, expected, precise=precise, tolerance=tolerance, label=label)


def _numbers_differ(
    got: float, expected: float, *, precise: object, tolerance: Tolerance | None, label: str
) -> Difference | None:
    if got == expected or (got != got and expected != expected):  # noqa: PLR0124 - both nan
        return None
    found = None
    if isinstance(expected, float) or tolerance:  # else a count, which no rounding excuses
        found = values_differ(
            torch.tensor(_float(got), dtype=torch.float64),
            torch.tensor(_float(expected), dtype=_working_dtype(_float(expected))),
            precise=torch.tensor(precise, dtype=torch.float64)
            if isinstance(precise, float)
            else None,
            tolerance=tolerance,
            label=label,
        )
        if found is None or type(got) is type(expected):
            return found
    ours, theirs = describe.apart(got, expected)
    if type(got) is not type(expected):
        ours, theirs = f"{ours} ({type(got).__name__})", f"{theirs} ({type(expected).__name__})"
    return Difference(axis="values", message=_is(label, ours, theirs))


def _is(label: str, got: str, expected: str) -> str:
    return describe.capital(
        _("{label} is {got}, expected {expected}.", label=label, got=got, expected=expected)
    )


def _working_dtype(value: float) -> torch.dtype:
    """The dtype that a Python float was most likely computed in.

    One that float32 holds exactly came, as a rule, out of a float32 tensor.
    """
    with np.errstate(over="ignore"):
        narrow = not math.isfinite(value) or float(np.float32(value)) == value
    return torch.float32 if narrow else torch.float64


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int beyond every float
        return math.inf if value > 0 else -math.inf


def _python(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _short(value: object) -> str:
    most = 60
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
