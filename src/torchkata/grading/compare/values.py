"""Comparison of the values of two tensors of the same shape; fast if they agree."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from torchkata.course.spec.tolerance import Tolerance
from torchkata.grading.compare import describe
from torchkata.grading.compare.mismatch import Difference, Mismatch
from torchkata.grading.compare.patterns import find_pattern
from torchkata.grading.compare.tolerance import is_exact, to_float64, tolerance_from_values
from torchkata.i18n import EMPTY, Message, _, join

_COMPARED_DIRECTLY: Final = (torch.float32, torch.float64)  # the comparison's rounding is harmless


def compare_values(
    got: Tensor,
    expected: Tensor,
    *,
    precise: Tensor | None = None,
    tolerance: Tolerance | None = None,
    label: str | Message,
) -> Difference | None:
    """Return how two tensors of the same shape differ in value; None if they are equal.

    Args:
        got: the submission's tensor, of any dtype.
        expected: the reference's tensor, of the same shape.
        precise: the reference's tensor in float64, if known.
        tolerance: replaces the one that follows from dtype and scale.
        label: the name of the tensor in the message.
    """
    got, expected = got.detach().cpu(), expected.detach().cpu()
    if got.dtype == expected.dtype and torch.equal(got, expected):
        return None
    if _clearly_close(got, expected, tolerance):
        return None
    got_64, expected_64 = to_float64(got), to_float64(expected)
    if is_exact(got.dtype) and is_exact(expected.dtype) and tolerance is None:
        wrong = got != expected  # in their own dtypes: float64 cannot represent every int64
        limits = Tolerance(rtol=0.0, atol=0.0)
    else:
        bound = expected_64.abs()
        limits = tolerance or tolerance_from_values(expected.dtype, expected_64, bound, precise)
        wrong = ~_close(got_64, expected_64, bound.mul_(limits.rtol).add_(limits.atol))
    if not bool(wrong.any()):
        return None
    if got_64.is_complex() or expected_64.is_complex():
        got_64, expected_64 = got_64.to(torch.cdouble), expected_64.to(torch.cdouble)
    mismatch = Mismatch(got=got_64, expected=expected_64, wrong=wrong, dtype=expected.dtype)
    return _difference(mismatch, got, expected, limits, label)


def _clearly_close(got: Tensor, expected: Tensor, tolerance: Tolerance | None) -> bool:
    """Return whether all values are within the smallest possible tolerance, in their own dtype.

    A precise reference can only increase that tolerance, so tensors that pass here are equal.
    """
    if got.dtype != expected.dtype or got.dtype not in _COMPARED_DIRECTLY:
        return False
    bound = expected.abs()
    limits = tolerance or tolerance_from_values(expected.dtype, expected, bound, None)
    error = (got - expected).abs_()
    close = error <= bound.mul_(limits.rtol).add_(limits.atol)
    # If no error is infinite, no value has passed because of an infinite bound.
    return bool(close.all()) and float(error.max()) < math.inf


def _close(got: Tensor, expected: Tensor, bound: Tensor) -> Tensor:
    """Return a bool mask; nan is close only to nan, and an infinity only to itself."""
    close: Tensor = (got - expected).abs() <= bound
    close &= expected.isfinite()  # an infinite bound would let any value pass
    close |= (got == expected) | (got.isnan() & expected.isnan())
    return close


def _difference(
    mismatch: Mismatch, got: Tensor, expected: Tensor, limits: Tolerance, label: str | Message
) -> Difference:
    wrong, total = int(mismatch.wrong.sum()), mismatch.count
    metrics = {"wrong_share": wrong / total, "wrong": float(wrong), "values": float(total)}
    error = (mismatch.got - mismatch.expected).abs()
    error = error.masked_fill(~(error.isfinite() & mismatch.wrong), -1.0).reshape(-1)
    worst = int(error.argmax())
    largest = float(error[worst])
    allowed = limits.atol + limits.rtol * float(mismatch.expected.reshape(-1)[worst].abs())
    size = EMPTY
    if largest >= 0:  # else every wrong value is nan or infinite, and no error has a size
        metrics |= {"largest_error": largest, "tolerance": allowed}
        if mismatch.dtype is not torch.bool and (total > 1 or allowed > 0):
            size = _size_of_error(largest, allowed, single=wrong == 1)
    pattern = find_pattern(mismatch)
    return Difference(
        axis="values",
        code=pattern.code,
        message=join(_first_wrong_value(mismatch, got, expected, label), size, pattern.message),
        metrics=metrics,
    )


def _first_wrong_value(
    mismatch: Mismatch, got: Tensor, expected: Tensor, label: str | Message
) -> Message:
    index = mismatch.wrong.nonzero()[0].tolist()
    got_text, expected_text = describe.distinct_decimals(
        got[tuple(index)].item(), expected[tuple(index)].item()
    )
    if mismatch.count == 1:
        return wrong_value(got_text, expected_text, label)
    wrong = int(mismatch.wrong.sum())
    return _(
        "1 of {total} values of {label} is wrong, at {index}: expected {expected}, got {got}."
        if wrong == 1
        else "{count} of {total} values of {label} are wrong. The first is at {index}: expected "
        "{expected}, got {got}.",
        count=wrong,
        total=mismatch.count,
        label=label,
        index=index,
        expected=expected_text,
        got=got_text,
    )


def wrong_value(got: object, expected: object, label: str | Message) -> Message:
    """Return the sentence for a single value that differs.

    Args:
        got: the submission's value, formatted.
        expected: the reference's value, formatted.
        label: the name of the value.
    """
    return _(
        "Wrong value for {label}: expected {expected}, got {got}.",
        label=label,
        expected=expected,
        got=got,
    )


def _size_of_error(largest: float, allowed: float, *, single: bool) -> Message:
    error = describe.number(largest)
    if allowed <= 0:
        return _(
            "The error is {error}." if single else "The largest error is {error}.", error=error
        )
    return _(
        "The error is {error} (tolerance: {tolerance})."
        if single
        else "The largest error is {error} (tolerance: {tolerance}).",
        error=error,
        tolerance=describe.number(allowed, 2),
    )
