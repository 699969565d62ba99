"""Reference: divide each vector by its largest entry, compute the norm, multiply back.

Correct: after the division, the largest absolute entry is 1, so the sum of squares is in [1, n]. A
zero vector is divided by 1 instead, and `vector_norm` gives it the gradient 0. The scale cancels in
the result, so autograd can treat it as a constant: `detach`.
"""

from functools import reduce

import torch
from torch import Tensor


def safe_norm(x: Tensor, dim: int = -1) -> Tensor:
    scale = x.detach().abs().amax(dim, keepdim=True)
    scale = torch.where(scale == 0, 1, scale)
    return scale.squeeze(dim) * torch.linalg.vector_norm(x / scale, dim=dim)


HINTS = (
    "If you scale a vector by c > 0, its norm scales by c. Which c keeps the squares in range?",
    """Divide each vector by its largest absolute entry, or by 1 if all entries are 0. For the
    gradient at 0, check what the library's norm returns. A mask after the square root is too
    late.""",
    """`scale = x.detach().abs().amax(dim, keepdim=True)`, with zeros replaced by 1. Then return
    `scale.squeeze(dim) * torch.linalg.vector_norm(x / scale, dim=dim)`.""",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"safe_norm": ("masked_before", "widened", "own_gradient")}


def masked_before(x: Tensor, dim: int = -1) -> Tensor:
    # Replace 0 before the square root, whose slope is infinite there, and put it back afterwards.
    zero = (x == 0).all(dim, keepdim=True)
    scale = torch.where(zero, 1, x.detach().abs().amax(dim, keepdim=True))
    squares = (x / scale).square().sum(dim, keepdim=True)
    root = torch.where(zero, 1, squares).sqrt() * scale
    return torch.where(zero, 0, root).squeeze(dim)


def widened(x: Tensor, dim: int = -1) -> Tensor:
    # float64 can represent 1e60 and 1e-60, but takes twice the memory, and more time on a GPU.
    return torch.linalg.vector_norm(x.double(), dim=dim).to(x.dtype)


class Norm(torch.autograd.Function):
    """Compute a norm with a custom gradient."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, dim: int) -> Tensor:
        """Scale by a power of two, which causes no rounding error."""
        scale = torch.frexp(x.abs().amax(dim, keepdim=True)).exponent.to(x.dtype)
        norm = torch.exp2(scale) * (x * torch.exp2(-scale)).square().sum(dim, keepdim=True).sqrt()
        ctx.save_for_backward(x, norm)
        ctx.dim = dim
        return norm.squeeze(dim)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor, None]:
        """Return grad * x / norm, and 0 at the zero vector."""
        x, norm = ctx.saved_tensors
        slope = torch.where(norm == 0, 0, x / norm)
        return grad.unsqueeze(ctx.dim) * slope, None


def own_gradient(x: Tensor, dim: int = -1) -> Tensor:
    return Norm.apply(x, dim)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "safe_norm": {
        "root_of_squares": "stability",
        "library_norm": "stability",
        "plus_epsilon": "stability",
        "one_scale_for_all": "stability",
        "divided_by_zero": "stability",
        "masked_afterwards": "gradient",
        "by_hypot": "gradient",
        "one_scale_backward": "gradient",
        "kept_dim": "shape",
        "other_default": "contract",
    },
}
WHY = {
    "one_scale_for_all": (
        "One scale divides all vectors, so the squares of short ones become 0. Each vector needs "
        "its own."
    ),
    "plus_epsilon": (
        "The number that is added under the root becomes the norm of every short vector.",
        r"\+\s*(?:[\d.]+e-?\d+|\w*eps)",
    ),
}


def root_of_squares(x: Tensor, dim: int = -1) -> Tensor:
    return (x * x).sum(dim).sqrt()  # the squares overflow and underflow; nan gradient at 0


def library_norm(x: Tensor, dim: int = -1) -> Tensor:
    return torch.linalg.vector_norm(x, dim=dim)  # right at 0, but squares x without scaling


def plus_epsilon(x: Tensor, dim: int = -1) -> Tensor:
    return ((x * x).sum(dim) + 1e-24).sqrt()  # no nan, but every short vector gets the norm 1e-12


def one_scale_for_all(x: Tensor, dim: int = -1) -> Tensor:
    # Short vectors vanish next to a long one.
    scale = torch.cat([x.detach().abs().flatten(), x.new_full((1,), 1e-30)]).max()
    return scale * torch.linalg.vector_norm(x / scale, dim=dim)


class OneScaleBackward(Norm):
    """Compute the right norm, but use one scale for the whole tensor in `backward`."""

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor, None]:
        """Divide by the largest entry of all, which makes short vectors vanish."""
        x, norm = ctx.saved_tensors
        scale = torch.where(x.abs().max() == 0, 1, x.abs().max())
        small = norm / scale
        return grad.unsqueeze(ctx.dim) * torch.where(small == 0, 0, x / scale / small), None


def one_scale_backward(x: Tensor, dim: int = -1) -> Tensor:
    return OneScaleBackward.apply(x, dim)


def divided_by_zero(x: Tensor, dim: int = -1) -> Tensor:
    scale = x.detach().abs().amax(dim, keepdim=True)
    return scale.squeeze(dim) * torch.linalg.vector_norm(x / scale, dim=dim)  # 0 / 0 is nan


def masked_afterwards(x: Tensor, dim: int = -1) -> Tensor:
    # `where` picks the right value, but in the backward pass, 0 times the infinite slope is nan.
    scale = x.detach().abs().amax(dim, keepdim=True)
    scale = torch.where(scale == 0, 1, scale)
    root = (x / scale).square().sum(dim).sqrt() * scale.squeeze(dim)
    return torch.where((x == 0).all(dim), 0, root)


def by_hypot(x: Tensor, dim: int = -1) -> Tensor:
    # No overflow and no underflow, but the gradient of hypot at (0, 0) is nan.
    return reduce(torch.hypot, x.unbind(dim), torch.zeros_like(x.select(dim, 0)))


def kept_dim(x: Tensor, dim: int = -1) -> Tensor:
    return torch.linalg.vector_norm(x.double(), dim=dim, keepdim=True).to(x.dtype)  # keeps `dim`


def other_default(x: Tensor, dim: int = 1) -> Tensor:
    return widened(x, dim)  # 1 is the last dimension of a matrix only
