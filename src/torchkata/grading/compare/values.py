"""Compare the values of two tensors of one shape, quickly where they agree."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from torchkata.course.spec.tolerance import Tolerance
from torchkata.grading.compare import describe
from torchkata.grading.compare.difference import Difference
from torchkata.grading.compare.pair import Pair
from torchkata.grading.compare.patterns import explain
from torchkata.grading.compare.tolerance import is_exact, tolerance_of, wide
from torchkata.i18n import _, join

_FINE = (torch.float32, torch.float64)  # dtypes in which the comparison itself loses nothing


def values_differ(
    got: Tensor,
    expected: Tensor,
    *,
    precise: Tensor | None = None,
    tolerance: Tolerance | None = None,
    label: str,
) -> Difference | None:
    """Find out whether two tensors of one shape differ in value, and how.

    Args:
        got: the submission's, any dtype.
        expected: the reference's, the same shape.
        precise: the reference's in float64, where known.
        tolerance: instead of the one that follows from dtype and scale.
        label: what the tensor is called in the message.
    """
    got, expected = got.detach().cpu(), expected.detach().cpu()
    if got.dtype == expected.dtype and torch.equal(got, expected):
        return None
    if _plainly_near(got, expected, tolerance):
        return None
    wide_got, wide_expected = wide(got), wide(expected)
    if is_exact(got.dtype) and is_exact(expected.dtype) and tolerance is None:
        wrong = got != expected  # in their own dtypes: float64 cannot hold every int64
        limits = Tolerance(rtol=0.0, atol=0.0)
    else:
        bound = wide_expected.abs()
        limits = tolerance or tolerance_of(expected.dtype, wide_expected, bound, precise)
        wrong = ~_near(wide_got, wide_expected, bound.mul_(limits.rtol).add_(limits.atol))
    if not bool(wrong.any()):
        return None
    if wide_got.is_complex() or wide_expected.is_complex():
        wide_got, wide_expected = wide_got.to(torch.cdouble), wide_expected.to(torch.cdouble)
    pair = Pair(got=wide_got, expected=wide_expected, wrong=wrong, dtype=expected.dtype)
    return _difference(pair, got, expected, limits, label)


def _plainly_near(got: Tensor, expected: Tensor, tolerance: Tolerance | None) -> bool:
    """Whether all lie within the tolerance that needs no second look, in their own dtype.

    A precise reference only ever widens that tolerance, so what passes here passes for good.
    """
    if got.dtype != expected.dtype or got.dtype not in _FINE:
        return False
    bound = expected.abs()
    limits = tolerance or tolerance_of(expected.dtype, expected, bound, None)
    error = (got - expected).abs_()
    near = error <= bound.mul_(limits.rtol).add_(limits.atol)
    # No error is infinite, so no bound that is infinite has let one pass.
    return bool(near.all()) and float(error.max()) < math.inf


def _near(got: Tensor, expected: Tensor, bound: Tensor) -> Tensor:
    """A bool mask: nan agrees with nan alone, and an infinity with itself alone."""
    near: Tensor = (got - expected).abs() <= bound
    near &= expected.isfinite()  # an infinite bound would let anything pass
    near |= (got == expected) | (got.isnan() & expected.isnan())
    return near


def _difference(
    pair: Pair, got: Tensor, expected: Tensor, limits: Tolerance, label: str
) -> Difference:
    count, total = int(pair.wrong.sum()), pair.count
    index = pair.wrong.nonzero()[0].tolist()
    texts = describe.apart(got[tuple(index)].item(), expected[tuple(index)].item())
    figures = {"wrong_share": count / total, "wrong": float(count), "values": float(total)}
    error = (pair.got - pair.expected).abs()
    error = error.masked_fill(~(error.isfinite() & pair.wrong), -1.0).reshape(-1)
    worst = int(error.argmax())
    largest = float(error[worst])
    allowed = limits.atol + limits.rtol * float(pair.expected.reshape(-1)[worst].abs())
    if largest >= 0:  # else every wrong value is nan or infinite, and no error has a size
        figures |= {"largest_error": largest, "tolerance": allowed}
    head = _head(count, total, index, texts, label)
    if largest >= 0 and pair.dtype is not torch.bool and (total > 1 or allowed > 0):
        head += _(
            "; off by {error}" if count == 1 else "; the largest error is {error}",
            error=describe.number(largest),
        )
        head += _(" ({error} is allowed)", error=describe.number(allowed, 2)) if allowed > 0 else ""
    message = join(_("{finding}.", finding=head), explain(pair))
    return Difference(axis="values", message=describe.capital(message), figures=figures)


def _head(count: int, total: int, index: list[int], texts: tuple[str, str], label: str) -> str:
    got, expected = texts
    if total == 1:
        return _("{label} is {got}, expected {expected}", label=label, got=got, expected=expected)
    return _(
        "1 of {total} values of {label} differs, at {index}: got {got}, expected {expected}"
        if count == 1
        else "{count} of {total} values of {label} differ; first at {index}: got {got}, expected "
        "{expected}",
        count=count,
        total=total,
        label=label,
        index=index,
        got=got,
        expected=expected,
    )
