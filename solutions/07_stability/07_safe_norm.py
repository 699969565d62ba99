"""Reference: divide each vector by its largest entry, take the norm, multiply it back.

Right: after the division the largest entry is 1, so the sum of squares lies in [1, n]. A vector of
zeros is divided by 1 instead, and goes on to `vector_norm`, which gives it the gradient 0. The
scale cancels in the result, so it is a constant to autograd: `detach`.
"""

from functools import reduce

import torch
from torch import Tensor

HINTS = (
    "The norm of c * x is c times the norm of x. Which c makes the squares harmless?",
    """Divide each vector by its largest absolute entry, or by 1 if all are 0. For the gradient at
    0, look how the library's norm behaves; a mask after the root comes too late.""",
    """`scale = x.detach().abs().amax(dim, keepdim=True)`, 1 where that is 0, and then
    `scale.squeeze(dim) * torch.linalg.vector_norm(x / scale, dim=dim)`.""",
)

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
        "other_default": "shape",
    },
}

ALTERNATIVES = {"safe_norm": ("masked_before", "widened", "own_gradient")}


def safe_norm(x: Tensor, dim: int = -1) -> Tensor:
    scale = x.detach().abs().amax(dim, keepdim=True)
    scale = torch.where(scale == 0, 1, scale)
    return scale.squeeze(dim) * torch.linalg.vector_norm(x / scale, dim=dim)


def masked_before(x: Tensor, dim: int = -1) -> Tensor:
    # The root never sees a 0: it is replaced before, and the answer after.
    zero = (x == 0).all(dim, keepdim=True)
    scale = torch.where(zero, 1, x.detach().abs().amax(dim, keepdim=True))
    squares = (x / scale).square().sum(dim, keepdim=True)
    root = torch.where(zero, 1, squares).sqrt() * scale
    return torch.where(zero, 0, root).squeeze(dim)


def widened(x: Tensor, dim: int = -1) -> Tensor:
    # float64 holds 1e60 and 1e-60; this takes twice the memory, and more time on a GPU.
    return torch.linalg.vector_norm(x.double(), dim=dim).to(x.dtype)


class Norm(torch.autograd.Function):
    """A norm that brings its own gradient."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, dim: int) -> Tensor:
        """Scale by a power of two, which rounds nothing."""
        scale = torch.frexp(x.abs().amax(dim, keepdim=True)).exponent.to(x.dtype)
        norm = torch.exp2(scale) * (x * torch.exp2(-scale)).square().sum(dim, keepdim=True).sqrt()
        ctx.save_for_backward(x, norm)
        ctx.dim = dim
        return norm.squeeze(dim)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor, None]:
        """Give x / norm, and 0 at the zero vector."""
        x, norm = ctx.saved_tensors
        slope = torch.where(norm == 0, 0, x / norm)
        return grad.unsqueeze(ctx.dim) * slope, None


def own_gradient(x: Tensor, dim: int = -1) -> Tensor:
    return Norm.apply(x, dim)


def root_of_squares(x: Tensor, dim: int = -1) -> Tensor:
    return (x * x).sum(dim).sqrt()


def library_norm(x: Tensor, dim: int = -1) -> Tensor:
    return torch.linalg.vector_norm(x, dim=dim)  # right at 0, but it squares x as it is


def plus_epsilon(x: Tensor, dim: int = -1) -> Tensor:
    return ((x * x).sum(dim) + 1e-24).sqrt()  # no nan, yet every short vector has the length 1e-12


def one_scale_for_all(x: Tensor, dim: int = -1) -> Tensor:
    # Next to a long vector the short ones vanish.
    scale = torch.cat([x.detach().abs().flatten(), x.new_full((1,), 1e-30)]).max()
    return scale * torch.linalg.vector_norm(x / scale, dim=dim)


class OneScaleBackward(Norm):
    """Right forward; backward takes one scale for the whole tensor."""

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor, None]:
        """Divide in the scale of the longest vector, where short ones vanish."""
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
    # `where` picks the right value, but in the backward pass 0 times the infinite slope is nan.
    scale = x.detach().abs().amax(dim, keepdim=True)
    scale = torch.where(scale == 0, 1, scale)
    root = (x / scale).square().sum(dim).sqrt() * scale.squeeze(dim)
    return torch.where((x == 0).all(dim), 0, root)


def by_hypot(x: Tensor, dim: int = -1) -> Tensor:
    return reduce(torch.hypot, x.unbind(dim), torch.zeros_like(x.select(dim, 0)))  # nan slope at 0


def kept_dim(x: Tensor, dim: int = -1) -> Tensor:
    return torch.linalg.vector_norm(x.double(), dim=dim, keepdim=True).to(x.dtype)


def other_default(x: Tensor, dim: int = 1) -> Tensor:
    return widened(x, dim)  # the last dim of a matrix, and of nothing else
