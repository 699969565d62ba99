"""Tolerances: rounding errors pass, computing in a lower precision does not."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from torchkata.course.spec.tolerance import Tolerance

_BASE: Final = {torch.float64: 1e-10, torch.float32: 1e-5}
_LOW_PRECISION_EPS: Final = 4  # for float16 and narrower, in units of the dtype's eps
_ERROR_FACTOR: Final = 4  # a plain loop rounds more than the reference's pairwise sum: by this, ...
_FEW_VALUES_FACTOR: Final = 28  # ... and by this / n, as one value's error may be small by luck
_CAP: Final = 100  # the reference's error adds at most this many times the base ...
_MAX_CAP: Final = 0.1  # ... and at most this share of the largest value
_SPREAD: Final = 100.0  # values this much larger than the small ones do not set the scale
_SMALL_SHARE: Final = 8  # the small ones: the lowest eighth
_SAMPLE: Final = 4096


def to_float64(tensor: Tensor) -> Tensor:
    """Return the values as float64 (complex128 if complex) on the CPU, without a graph."""
    dtype = torch.complex128 if tensor.is_complex() else torch.float64
    return tensor.detach().to("cpu", dtype)


def is_exact(dtype: torch.dtype) -> bool:
    """Return whether values of this dtype are compared without a tolerance."""
    return not (dtype.is_floating_point or dtype.is_complex)


def relative_tolerance(dtype: torch.dtype) -> float:
    """Return the relative tolerance of a dtype; 0 for integers and bools."""
    if is_exact(dtype):
        return 0.0
    real = dtype.to_real()
    return _BASE.get(real) or _LOW_PRECISION_EPS * torch.finfo(real).eps


def rounding_scale(magnitude: Tensor) -> tuple[float, float]:
    """Return the magnitude to which rounding errors are proportional, and the largest magnitude.

    The scale is the largest value, unless that one is far larger than the rest: a fill of -1e9 in
    a mask, or one huge row, must not excuse errors of thousands elsewhere. In that case it is 100
    times the upper end of the lowest eighth, but at least 1: inputs of ordinary size leave an
    error of about eps where the exact result is 0.

    Args:
        magnitude: not negative, any float dtype and shape; nan and inf are ignored.

    Returns:
        The scale and the largest magnitude, both finite, 0 if there is no finite value.
    """
    if magnitude.numel() == 0:
        return 0.0, 0.0
    largest = float(magnitude.max())
    if not largest < float("inf"):  # nan too
        magnitude = magnitude[magnitude.isfinite()]
        largest = float(magnitude.max()) if magnitude.numel() else 0.0
    if largest <= 1.0:
        return largest, largest
    flat = magnitude.reshape(-1)
    # An odd step visits every column of a matrix whose width is a power of two.
    sample = flat[:: (flat.numel() // _SAMPLE) | 1]
    sample = sample[sample > 0]
    if sample.numel() == 0:
        return largest, largest
    small = float(sample.kthvalue(max(1, sample.numel() // _SMALL_SHARE)).values)
    return min(largest, max(1.0, _SPREAD * small)), largest


def tolerance_for(
    expected: Tensor, *, precise: Tensor | None = None, override: Tolerance | None = None
) -> Tolerance:
    """Return the tolerance of a comparison with `expected`.

    Args:
        expected: the reference's result.
        precise: the reference's result on the same inputs in float64, if known. Its distance from
            `expected` shows how much the case itself amplifies rounding (a sum that cancels); the
            tolerance grows by a bounded multiple of it.
        override: the tolerance that the author of the exercise chose; returned as it is.
    """
    if override is not None:
        return override
    values = to_float64(expected)
    return tolerance_from_values(expected.dtype, values, values.abs(), precise)


def tolerance_from_values(
    dtype: torch.dtype, values: Tensor, magnitude: Tensor, precise: Tensor | None
) -> Tolerance:
    """Return the tolerance of a comparison, given values that are converted already.

    Args:
        dtype: the dtype before the conversion.
        values: the expected values in float64 or complex128 (any dtype without `precise`).
        magnitude: their absolute values.
        precise: as for `tolerance_for`.
    """
    base = relative_tolerance(dtype)
    if base == 0:
        return Tolerance(rtol=0.0, atol=0.0)
    scale, largest = rounding_scale(magnitude)
    if largest == 0:
        return Tolerance(rtol=base, atol=torch.finfo(dtype).eps)
    atol = base * scale
    if precise is not None and precise.shape == values.shape:
        error = _reference_error(values, magnitude, to_float64(precise), scale)
        factor = _ERROR_FACTOR + _FEW_VALUES_FACTOR / values.numel()
        atol += min(factor * error, min(_CAP * base, _MAX_CAP) * largest)
    return Tolerance(rtol=base, atol=atol)


def _reference_error(values: Tensor, magnitude: Tensor, precise: Tensor, scale: float) -> float:
    """Return the reference's largest rounding error among values up to `scale`."""
    error = (values - precise).abs()
    # Without huge values: a fill may be another number in float64 (`finfo.min` is).
    error.masked_fill_(magnitude > scale, 0.0)
    largest = float(error.max())
    if largest < float("inf"):
        return largest
    error = error[error.isfinite()]  # nan or infinity, in one of the two or in both
    return float(error.max()) if error.numel() else 0.0
