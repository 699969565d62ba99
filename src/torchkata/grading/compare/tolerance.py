"""How far two honest answers may lie apart: rounding passes, a lower precision does not."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from torchkata.course.spec.tolerance import Tolerance

_BASE: Final = {torch.float64: 1e-10, torch.float32: 1e-5}
_LOW_BASE_EPS: Final = 4  # for float16 and narrower, in units of the dtype's eps
_HONEST: Final = 4  # a plain loop errs more than the reference's pairwise sum, by this and ...
_LUCK: Final = 28  # ... a share of this: the one error of a single value may be small by luck
_CAP: Final = 100  # the reference's own error may widen the tolerance to this many times the base
_WIDEST: Final = 0.1  # of the scale, whatever the dtype
_SPREAD: Final = 100.0  # values this far above the small ones do not set the scale
_SMALL_SHARE: Final = 8  # the small ones: the lowest eighth
_SAMPLE: Final = 4096


def wide(tensor: Tensor) -> Tensor:
    """The same values as float64 (complex128 for complex ones), on the CPU, without a graph."""
    dtype = torch.complex128 if tensor.is_complex() else torch.float64
    return tensor.detach().to("cpu", dtype)


def is_exact(dtype: torch.dtype) -> bool:
    """Whether values of this dtype are compared without any tolerance."""
    return not (dtype.is_floating_point or dtype.is_complex)


def relative(dtype: torch.dtype) -> float:
    """The relative tolerance of a dtype; 0 for integers and bools."""
    if is_exact(dtype):
        return 0.0
    real = dtype.to_real()
    return _BASE.get(real) or _LOW_BASE_EPS * torch.finfo(real).eps


def scale_of(magnitude: Tensor) -> tuple[float, float]:
    """The size of rounding noise that values of these magnitudes excuse, and the largest of them.

    The scale is the largest value, unless that one towers over the rest: a fill of -1e9 in a mask,
    or one huge row, must not excuse errors of thousands elsewhere. Then it is 100 times the lowest
    eighth's upper end, or 1 where that is larger: noise of inputs of ordinary size leaves about
    eps of 1 where the true answer is 0.

    Args:
        magnitude: any float dtype and shape, not negative; nan and inf are passed over.

    Returns:
        scale and largest, both finite, 0 where there is no finite value.
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
    """Work out what counts as equal to `expected`.

    Args:
        expected: the reference's answer.
        precise: the reference's answer on the same inputs in float64, where known. Its distance
            from `expected` shows how much rounding the case itself brings about (a sum that
            cancels), and widens the tolerance by a bounded multiple.
        override: what the exercise's author asks for; taken as it is.
    """
    if override is not None:
        return override
    values = wide(expected)
    return tolerance_of(expected.dtype, values, values.abs(), precise)


def tolerance_of(
    dtype: torch.dtype, values: Tensor, magnitude: Tensor, precise: Tensor | None
) -> Tolerance:
    """The work of `tolerance_for`, for values that are wide already.

    Args:
        dtype: the dtype before the values were widened.
        values: what is expected, float64 or complex128 (any dtype without `precise`).
        magnitude: their absolute values.
        precise: as for `tolerance_for`.
    """
    base = relative(dtype)
    if base == 0:
        return Tolerance(rtol=0.0, atol=0.0)
    scale, largest = scale_of(magnitude)
    if largest == 0:
        return Tolerance(rtol=base, atol=torch.finfo(dtype).eps)
    atol = base * scale
    if precise is not None and precise.shape == values.shape:
        own = _own_error(values, magnitude, wide(precise), scale)
        times = _HONEST + _LUCK / values.numel()
        atol += min(times * own, min(_CAP * base, _WIDEST) * largest)
    return Tolerance(rtol=base, atol=atol)


def _own_error(values: Tensor, magnitude: Tensor, precise: Tensor, scale: float) -> float:
    """The largest rounding error of the reference itself among values up to `scale`."""
    error = (values - precise).abs()
    # Towering values are left out: a fill may be another number in float64 (finfo.min is).
    error.masked_fill_(magnitude > scale, 0.0)
    largest = float(error.max())
    if largest < float("inf"):
        return largest
    error = error[error.isfinite()]  # nan or infinity, the same in both or not
    return float(error.max()) if error.numel() else 0.0
