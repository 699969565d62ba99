"""Reference: an order of steps that cannot leave the range, and its own gradient.

Right: for |z| >= 1 the larger factor is divided first: a quotient below the range would have made
the result sink too. For |z| < 1 the smaller one is: a quotient above the range would have made the
result overflow too. The formula of each gradient is a ratio of the same kind, so `backward` calls
the same function; left to autograd, the quotient would be differentiated by x / z / z, which
overflows sooner than the whole. Exact: three roundings in all, and no function but * and /.
"""

from typing import Any

import torch
from torch import Tensor

HINTS = (
    "A product and a quotient can be worked out in more than one order. Which one is safe?",
    """Divide before you multiply: for |z| >= 1 the larger of the factors, for |z| < 1 the smaller
    one. Each gradient is again a ratio of this kind, which autograd does not know.""",
    """`torch.where` picks first and second factor for `first / z * second`; a
    `torch.autograd.Function` saves x, y, z and the result r, and its `backward(ctx, grad)` returns
    the ratios of (grad, y, z), (grad, x, z) and minus that of (grad, r, z).""",
)

TRAPS = {
    "scaled_ratio": {
        "multiply_first": "stability",
        "divide_first": "stability",
        "logarithms": "stability",
        "widened": "stability",
        "only_forward": "gradient",
    },
}

ALTERNATIVES = {"scaled_ratio": ("by_exponents", "widened_or_scaled")}


def in_order(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    less = x.abs() < y.abs()
    small, large = torch.where(less, x, y), torch.where(less, y, x)
    shrinks = z.abs() >= 1
    first, second = torch.where(shrinks, large, small), torch.where(shrinks, small, large)
    return first / z * second


class Ratio(torch.autograd.Function):
    """x * y / z, whose gradients are ratios of the same kind."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Compute in the safe order, and keep all four."""
        ratio = in_order(x, y, z)
        ctx.save_for_backward(x, y, z, ratio)
        return ratio

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give grad * y / z, grad * x / z and -grad * ratio / z."""
        x, y, z, ratio = ctx.saved_tensors
        return scaled_ratio(grad, y, z), scaled_ratio(grad, x, z), -scaled_ratio(grad, ratio, z)


def scaled_ratio(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return Ratio.apply(x, y, z)


def by_exponents(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    # Scale each argument by a power of two to about 1, and the result back in two halves: a power
    # of two changes no digit. The powers are constants, so autograd takes the same safe way.
    with torch.no_grad():
        ex, ey, ez = (torch.frexp(t).exponent.to(t.dtype) for t in (x, y, z))
        ex = torch.where(x == 0, ((ez - ey) / 2).floor(), ex)  # 0 has no size of its own
        half = ((ex + ey - ez) / 2).floor()
        rest = ex + ey - ez - half
    ratio = (x * torch.exp2(-ex)) * (y * torch.exp2(-ey)) / (z * torch.exp2(-ez))
    return ratio * torch.exp2(half) * torch.exp2(rest)


def widened_or_scaled(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    if x.dtype == torch.float64:
        return by_exponents(x, y, z)
    return (x.double() * y.double() / z.double()).to(x.dtype)  # the exponent has 3 more bits


def multiply_first(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return x * y / z  # the product leaves the range first


def divide_first(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return x / z * y  # only moves the trouble: now the quotient may leave the range


def logarithms(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    # The digits before the point of a logarithm near 80 are missing behind it: 1e-5 is left.
    size = torch.exp(x.abs().log() + y.abs().log() - z.abs().log())
    return size * x.sign() * y.sign() * z.sign()


def widened(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    # Fine for float32, but there is no wider dtype for float64.
    return (x.double() * y.double() / z.double()).to(x.dtype)


def only_forward(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return in_order(x, y, z)  # autograd differentiates the quotient by itself: first / z / z
