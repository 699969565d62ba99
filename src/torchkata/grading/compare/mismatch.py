"""What a comparison returns (`Difference`), and what its patterns work on (`Mismatch`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import torch
from torch import Tensor

from torchkata.grading.compare.axis_names import Slices
from torchkata.grading.compare.tolerance import relative_tolerance, rounding_scale
from torchkata.i18n import Message

AXES: Final = ("contract", "shape", "dtype", "device", "values")
"""The axes of a comparison, in the order in which a learner should fix them."""

_SLACK: Final = 8  # a pattern may add a rounding error that the comparison itself does not have
_MAX_SLACK: Final = 1e-3  # unless the dtype's own tolerance is larger, as that of float16 is
_LAST_DIGIT: Final = 4  # in units of the dtype's eps
_EXACT_SLACK: Final = 1e-9  # for integers, whose transforms are computed in float64
_SAMPLE: Final = 1024
_ENOUGH: Final = 8  # different values
_MOST_COUNTED: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One way in which a result is not as expected.

    Attributes:
        axis: one of `AXES`; `contract` means the type or the structure.
        code: the kind of difference: `wrong-type`, `wrong-length`, `wrong-keys`, `wrong-shape`,
            `wrong-dtype`, `wrong-device`, `wrong-values`, or instead of the last one the pattern
            that the values follow, such as `transposed` or `constant-factor`.
        message: for the learner: what was expected, what was returned, and the likely cause.
        metrics: numbers for the report, such as `wrong_share` (0 to 1), `largest_error` and
            `tolerance` (at the position of the largest error). Always finite.
        facts: for two tensors, plain data about both: `got_shape`, `expected_shape`, `got_dtype`,
            `expected_dtype`, and `fault`: `nan` or `inf` if only the submission's tensor has such
            values.
    """

    axis: str
    code: str
    message: Message
    metrics: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class PatternMatch:
    """A pattern that explains wrong values.

    Attributes:
        code: of the pattern, such as `transposed`.
        message: one sentence or two for the learner.
    """

    code: str
    message: Message


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """Two tensors of the same shape whose values differ.

    Attributes:
        got: float64 or complex128, any shape.
        expected: the same dtype and shape.
        wrong: bool, the same shape: where the values differ. At least one does.
        dtype: the dtype of the expected tensor before it was converted to float64.
    """

    got: Tensor
    expected: Tensor
    wrong: Tensor
    dtype: torch.dtype

    @property
    def count(self) -> int:
        """Return the number of values."""
        return self.got.numel()

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the shape."""
        return tuple(self.got.shape)

    @cached_property
    def has_evidence(self) -> bool:
        """Return whether enough different values are expected to show a relation to the result.

        Two numbers always have some ratio, some difference and some order.
        """
        values = self.expected.reshape(-1)[:_MOST_COUNTED]
        values = values[values.isfinite()]
        return len(set(values.tolist())) >= _ENOUGH

    def slices(self, dim: int) -> Slices:
        """Return the names of the slices along a dim."""
        return Slices(self.sizes, dim)

    def close(self, left: Tensor, right: Tensor, *, tight: bool = False) -> bool:
        """Return whether two tensors of the same shape are equal up to rounding in `dtype`.

        Args:
            left: the first.
            right: the second.
            tight: whether only the last digit may differ, as if the values were only moved.
        """
        own = relative_tolerance(self.dtype)
        rtol = max(own, min(_SLACK * own, _MAX_SLACK)) or _EXACT_SLACK
        if tight and own:
            rtol = _LAST_DIGIT * torch.finfo(self.dtype.to_real()).eps
        atol = rtol * rounding_scale(right.abs())[0]
        step = (right.numel() // _SAMPLE) | 1
        # Most patterns fail on most mismatches; a sample shows that at a thousandth of the cost.
        return (step == 1 or _close(_sample(left, step), _sample(right, step), rtol, atol)) and (
            _close(left, right, rtol, atol)
        )


def _close(left: Tensor, right: Tensor, rtol: float, atol: float) -> bool:
    near = (left - right).abs() <= right.abs().mul_(rtol).add_(atol)
    near &= right.isfinite()
    near |= (left == right) | (left.isnan() & right.isnan())
    return bool(near.all())


def _sample(tensor: Tensor, step: int) -> Tensor:
    return tensor.reshape(-1)[::step]
