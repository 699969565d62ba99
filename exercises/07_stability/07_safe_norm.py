"""Stability 07: safe norm. Compute the norms of very long, very short and zero vectors.

Task
    Weight normalization and gradient clipping divide by the norm of a vector. Return the Euclidean
    norm along `dim`, the square root of the sum of squares. The code below fails in three ways. In
    float32, the square of 1e30 is inf and the square of 1e-30 is 0, although the norm is neither.
    At the zero vector, the gradient is nan, because the infinite slope of the square root is
    multiplied by x = 0.

        >>> x = torch.tensor([[3e30, 4e30], [3e-30, 4e-30], [0.0, 0.0]], requires_grad=True)
        >>> safe_norm(x)
        tensor([inf, 0., 0.], grad_fn=<SqrtBackward0>)
        >>> torch.autograd.grad(safe_norm(x).sum(), x)[0]
        tensor([[0., 0.],
                [inf, inf],
                [nan, nan]])

    The correct norms are 5e30, 5e-30 and 0. The correct gradients are [0.6, 0.8] twice, and [0, 0].
    Fix the code. (`torch.linalg.vector_norm` has the gradient 0 at the zero vector, but it
    overflows and underflows in the same way.)

Shapes and units
    x         any shape with at least one dimension, float32 or float64, any device; norms are 0 or
              from about 1e-31 to 1e31; dimensions other than `dim` may have size 0
    dim       int, may be negative; this dimension has size 1 or more
    return    the shape of x without `dim`, same dtype

Rules
    The gradient is x / norm, and 0 at the zero vector. Vectors are independent: long and short ones
    can be next to each other, and each norm has a relative error of at most 1e-5. If a vector
    contains nan, its norm is nan.

Budget
    No budget.

Hints
    1. If you scale a vector by c > 0, its norm scales by c. Which c keeps the squares in range?
    Levels 2 and 3: `nox -s hint -- safe_norm`.
"""

import torch
from torch import Tensor


def safe_norm(x: Tensor, dim: int = -1) -> Tensor:
    return (x * x).sum(dim).sqrt()  # TODO: what is the square of 1e30? The slope at 0?
