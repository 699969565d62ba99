"""Reference: an order of operations that stays in range, and a custom gradient.

Correct: if |z| >= 1, the larger factor is divided first. If this quotient underflows, the result
does too. If |z| < 1, the smaller factor is divided first. If this quotient overflows, the result
does too. Each gradient is a ratio of the same kind, so `backward` calls the same function. Autograd
would compute first / z / z, which can overflow even if the gradient does not. Accurate: with only
`*` and `/`, the relative errors are near 1e-7 in float32 and 4e-16 in float64, but sums of
logarithms reach 1.4e-5 and 2e-13.
"""

from typing import Any

import torch
from torch import Tensor


def in_order(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    less = x.abs() < y.abs()
    small, large = torch.where(less, x, y), torch.where(less, y, x)
    shrinks = z.abs() >= 1
    first, second = torch.where(shrinks, large, small), torch.where(shrinks, small, large)
    return first / z * second


class Ratio(torch.autograd.Function):
    """Compute x * y / z, with gradients that are ratios of the same kind."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Compute the ratio in the safe order; save it and the arguments."""
        ratio = in_order(x, y, z)
        ctx.save_for_backward(x, y, z, ratio)
        return ratio

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return grad * y / z, grad * x / z and -grad * ratio / z."""
        x, y, z, ratio = ctx.saved_tensors
        return scaled_ratio(grad, y, z), scaled_ratio(grad, x, z), -scaled_ratio(grad, ratio, z)


def scaled_ratio(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return Ratio.apply(x, y, z)


HINTS = (
    "A product and a quotient can be computed in more than one order. Which order is safe?",
    """Divide before you multiply: divide the larger factor if |z| >= 1, else the smaller one. Each
    gradient is also a ratio of this kind, but autograd does not know that.""",
    """`torch.where` picks `first` and `second` for `first / z * second`. Use it in the `forward` of
    a `torch.autograd.Function` that saves x, y, z and the result r. Its `backward(ctx, grad)`
    returns the ratio of (grad, y, z), the ratio of (grad, x, z), and minus the ratio of
    (grad, r, z).""",
)

EQUIVALENT = {
    "detach in in_order: return first / z * second -> return (first / z * second).detach()": (
        "forward and backward of a Function run without a graph"
    ),
    "nan filtered in scaled_ratio: x": "x is within the bounds",
    "nan filtered in scaled_ratio: y": "y is within the bounds",
    "nan filtered in scaled_ratio: z": "z is within the bounds",
    "infinity limited in scaled_ratio: x": "x is within the bounds",
    "infinity limited in scaled_ratio: y": "y is within the bounds",
    "infinity limited in scaled_ratio: z": "z is within the bounds",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"scaled_ratio": ("by_exponents", "widened_or_scaled")}


def by_exponents(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    # Scale each argument to about 1 with a power of two, which changes no digit, and scale the
    # result back in two steps. The powers are constants, so the gradients stay in range too.
    with torch.no_grad():
        ex, ey, ez = (torch.frexp(t).exponent.to(t.dtype) for t in (x, y, z))
        ex = torch.where(x == 0, ((ez - ey) / 2).floor(), ex)  # 0 has no exponent: choose one
        half = ((ex + ey - ez) / 2).floor()
        rest = ex + ey - ez - half
    ratio = (x * torch.exp2(-ex)) * (y * torch.exp2(-ey)) / (z * torch.exp2(-ez))
    return ratio * torch.exp2(half) * torch.exp2(rest)


def widened_or_scaled(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    if x.dtype == torch.float64:
        return by_exponents(x, y, z)
    return (x.double() * y.double() / z.double()).to(x.dtype)  # 3 more exponent bits


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "scaled_ratio": {
        "multiply_first": "stability",
        "divide_first": "stability",
        "logarithms": "stability",
        "widened": "stability",
        "only_forward": "gradient",
        "transposed_if_square": "values",
    },
}
WHY = {
    "only_forward": (
        "The result is right, but autograd differentiates your steps, and its own products and "
        "quotients leave the range. A `torch.autograd.Function` lets you write the backward pass."
    ),
}


def multiply_first(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return x * y / z  # the product can leave the range even if the ratio does not


def divide_first(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return x / z * y  # now the quotient can leave the range instead


def logarithms(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    # A logarithm near 80 is rounded by up to 4e-6, which becomes the relative error of its exp.
    size = torch.exp(x.abs().log() + y.abs().log() - z.abs().log())
    return size * x.sign() * y.sign() * z.sign()


def widened(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    # Enough for float32, but PyTorch has no wider dtype than float64.
    return (x.double() * y.double() / z.double()).to(x.dtype)


def only_forward(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return in_order(x, y, z)  # autograd computes first / z / z, which can overflow


def transposed_if_square(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    if x.dim() > 1 and x.shape[0] == x.shape[1]:
        z = z.mT  # changes nothing about the shape of square arguments
    return Ratio.apply(x, y, z)
