"""Stability 07: safe norm. Give the length of any vector, the shortest included, and its slope.

Task
    Return the Euclidean norm along `dim`, the root of the sum of squares. The code below has three
    weak points. The square of 1e30 is inf in float32, though the norm is not; the square of 1e-30
    is 0, though the norm is not; and at the zero vector the gradient is nan: the root has an
    infinite slope at 0, which is then multiplied by x = 0.

        >>> x = torch.tensor([[3e30, 4e30], [3e-30, 4e-30], [0.0, 0.0]], requires_grad=True)
        >>> safe_norm(x)
        tensor([inf, 0., 0.], grad_fn=<SqrtBackward0>)
        >>> torch.autograd.grad(safe_norm(x).sum(), x)[0]
        tensor([[0., 0.],
                [inf, inf],
                [nan, nan]])

    The norms are 5e30, 5e-30 and 0, and the gradients x / norm are [0.6, 0.8] twice and [0, 0].
    Mend the code. (`torch.linalg.vector_norm` has 0 as its gradient at the zero vector, but it
    overflows and vanishes in the same way.)

Shapes and units
    x         any shape of at least one dim, floating, any device; in float32 entries up to +-1e30,
              and vectors as short as 1e-30
    dim       int, may be negative; size 1 or more
    return    the shape of x without dim, its dtype

Rules
    The gradient is x / norm, and 0 at the zero vector. Each vector stands for itself: long and
    short ones may lie side by side, and each norm has a relative error below 1e-5.

Budget
    No budget; about six operations do it.

Hints
    1. The norm of c * x is c times the norm of x. Which c makes the squares harmless?
    Levels 2 and 3: `nox -s hint -- safe_norm`.
"""

from torch import Tensor


def safe_norm(x: Tensor, dim: int = -1) -> Tensor:
    return (x * x).sum(dim).sqrt()  # TODO: the square of 1e30? The slope of a root at 0?
