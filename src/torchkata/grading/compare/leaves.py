"""Comparison of two leaves of a result: tensors, arrays, or plain Python values."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from torchkata.course.spec.tolerance import Tolerance
from torchkata.grading.compare import describe, shape_dtype_device, types
from torchkata.grading.compare.mismatch import Difference
from torchkata.grading.compare.tolerance import relative_tolerance, tolerance_for
from torchkata.grading.compare.values import compare_values, wrong_value
from torchkata.i18n import Message

_SUBSTITUTES: Final = {
    "uint16": np.int32,
    "uint32": np.int64,
    "uint64": np.int64,  # values from 2**63 on wrap around, in both arrays alike
    "float128": np.float64,
    "complex256": np.complex128,
}
_MAX_TEXT: Final = 60


def compare_tensors(
    got: Tensor,
    expected: Tensor,
    *,
    precise: Tensor | None,
    tolerance: Tolerance | None,
    dtype: bool,
    device: bool,
    label: str | Message,
    dtype_names: tuple[str, str] | None = None,
) -> list[Difference]:
    """Return the differences of two tensors: shape, dtype, device, values.

    Args:
        got: the submission's tensor.
        expected: the reference's tensor.
        precise: the reference's tensor in float64, if known.
        tolerance: replaces the one that follows from dtype and scale.
        dtype: whether the dtypes must be the same.
        device: whether the devices must be the same.
        label: the name of the tensor in messages.
        dtype_names: the names of the dtypes, if the tensors stand in for something else.
    """
    if got.shape != expected.shape:
        return [shape_dtype_device.wrong_shape(tuple(got.shape), tuple(expected.shape), label)]
    differences = []
    got_dtype, expected_dtype = dtype_names or (_dtype_name(got), _dtype_name(expected))
    wrong_dtype = dtype and got_dtype != expected_dtype
    if wrong_dtype:
        differences.append(shape_dtype_device.wrong_dtype(got_dtype, expected_dtype, label))
    if device and got.device != expected.device:
        differences.append(shape_dtype_device.wrong_device(got.device, expected.device, label))
    if got.numel() == 0:
        return differences
    castable = got.is_complex() or not expected.is_complex()
    coarser = castable and relative_tolerance(got.dtype) > relative_tolerance(expected.dtype)
    if wrong_dtype and coarser and tolerance is None:
        # The dtype is reported already; its rounding is not a second mistake.
        tolerance = tolerance_for(expected.to(got.dtype))
    values = compare_values(got, expected, precise=precise, tolerance=tolerance, label=label)
    return [*differences, values] if values else differences


def compare_arrays(
    got: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], *, precise: object, **options: Any
) -> list[Difference]:
    """Return the differences of two NumPy arrays of numbers, as for tensors."""
    return compare_tensors(
        _as_tensor(got),
        _as_tensor(expected),
        precise=_as_tensor(precise) if isinstance(precise, np.ndarray) else None,
        dtype_names=(got.dtype.name, expected.dtype.name),
        **{**options, "device": False},
    )


def _as_tensor(array: np.ndarray[Any, Any]) -> Tensor:
    """Return a tensor of the same values, in a wider dtype if torch lacks the array's."""
    dtype = _SUBSTITUTES.get(array.dtype.name, array.dtype)
    return torch.from_numpy(np.array(array, dtype=dtype, order="C"))  # a copy: may be read-only


def compare_plain(
    got: object,
    expected: object,
    *,
    precise: object,
    tolerance: Tolerance | None,
    label: str | Message,
) -> Difference | None:
    """Return the difference of two Python values that are not containers; None if equal."""
    got, expected = _to_python(got), _to_python(expected)
    numbers = isinstance(got, (int, float)) and isinstance(expected, (int, float))
    if isinstance(got, bool) != isinstance(expected, bool):
        numbers = False
    if not numbers and type(got) is not type(expected):
        return types.wrong_type(got, expected, label)
    if not isinstance(got, (int, float)) or not isinstance(expected, (int, float)):
        if got == expected:
            return None
        return _wrong_value(_short(got), _short(expected), label)
    return _compare_numbers(got, expected, precise=precise, tolerance=tolerance, label=label)


def _compare_numbers(
    got: float,
    expected: float,
    *,
    precise: object,
    tolerance: Tolerance | None,
    label: str | Message,
) -> Difference | None:
    if got == expected or (got != got and expected != expected):  # noqa: PLR0124 - both nan
        return None
    if isinstance(expected, float) or tolerance:  # else a count, which is exact
        difference = compare_values(
            torch.tensor(_to_float(got), dtype=torch.float64),
            torch.tensor(_to_float(expected), dtype=_likely_dtype(_to_float(expected))),
            precise=torch.tensor(precise, dtype=torch.float64)
            if isinstance(precise, float)
            else None,
            tolerance=tolerance,
            label=label,
        )
        if difference is None or type(got) is type(expected):
            return difference
    got_text, expected_text = describe.distinct_decimals(got, expected)
    if type(got) is not type(expected):
        got_text, expected_text = _with_type(got_text, got), _with_type(expected_text, expected)
    return _wrong_value(got_text, expected_text, label)


def _wrong_value(got: str | Message, expected: str | Message, label: str | Message) -> Difference:
    message = wrong_value(got, expected, label)
    return Difference(axis="values", code="wrong-values", message=message)


def _with_type(text: str | Message, value: object) -> Message:
    return Message("{number} ({type})", {"number": text, "type": type(value).__name__})


def _likely_dtype(value: float) -> torch.dtype:
    """Return the dtype in which a Python float was most likely computed.

    A float that float32 represents exactly was most likely taken from a float32 tensor.
    """
    with np.errstate(over="ignore"):
        single = not math.isfinite(value) or float(np.float32(value)) == value
    return torch.float32 if single else torch.float64


def _to_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int larger than every float
        return math.inf if value > 0 else -math.inf


def _to_python(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."


def _dtype_name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
