"""Two tensors of one shape that differ, as the patterns see them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from torchkata.grading.compare.axis_names import Slices
from torchkata.grading.compare.tolerance import relative, scale_of

_SLACK = 8  # a pattern holds although it adds a rounding of its own
_LOOSEST = 1e-3  # beyond the dtype's own tolerance, slack ends here: float16 is coarse enough
_SAMPLE = 1024
_WHOLE = 1e-9  # for whole numbers, whose transforms are computed in float64


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A wrong answer next to the right one.

    Attributes:
        got: float64 or complex128, any shape.
        expected: the same dtype and shape.
        wrong: bool, the same shape: where they differ. At least one does.
        dtype: the dtype of the expected tensor before it was widened.
    """

    got: Tensor
    expected: Tensor
    wrong: Tensor
    dtype: torch.dtype

    @property
    def count(self) -> int:
        """How many values there are."""
        return self.got.numel()

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape."""
        return tuple(self.got.shape)

    def slices(self, dim: int) -> Slices:
        """What the slices along a dim are called."""
        return Slices(self.sizes, dim)

    def agree(self, left: Tensor, right: Tensor) -> bool:
        """Whether two tensors of one shape are equal, as far as rounding in `dtype` lets them."""
        own = relative(self.dtype)
        base = max(own, min(_SLACK * own, _LOOSEST)) or _WHOLE
        slack = base * scale_of(right.abs())[0]
        step = (right.numel() // _SAMPLE) | 1
        # Most patterns fail on most pairs: a sample finds that out for a thousandth of the price.
        return (step == 1 or _close(_thin(left, step), _thin(right, step), base, slack)) and _close(
            left, right, base, slack
        )


def _close(left: Tensor, right: Tensor, rtol: float, atol: float) -> bool:
    near = (left - right).abs() <= right.abs().mul_(rtol).add_(atol)
    near &= right.isfinite()
    near |= (left == right) | (left.isnan() & right.isnan())
    return bool(near.all())


def _thin(tensor: Tensor, step: int) -> Tensor:
    return tensor.reshape(-1)[::step]
