"""Basics 02: vector and matrix. Add two tensors; multiply two matrices.

Task
    `add(x, y)` returns the sum of two tensors of equal shape, entry by entry.
    `product(x, y)` returns the matrix product: entry (i, j) is the sum over t of
    x[i, t] * y[t, j]. The first factor may be a stack of matrices; then each of them is
    multiplied by the same y.

    The star is not the matrix product. It multiplies entry by entry, and for square matrices
    nothing complains:

        >>> x = torch.tensor([[1., 2.], [3., 4.]])
        >>> x * x                       >>> x @ x
        tensor([[ 1.,  4.],             tensor([[ 7., 10.],
                [ 9., 16.]])                    [15., 22.]])

Shapes and units
    add        x, y     any shape, the same for both
               return   the same shape
    product    x        [n, k] or [..., n, k]
               y        [k, m]
               return   [n, m] or [..., n, m]
    Floats on any device, integers on the CPU; no bool. Both arguments and the result have one
    dtype. Any size may be 0.

Rules
    No Python loop. Neither argument is changed. Gradients must flow to both.

Budget
    For `product`:
    at least 120 x faster than the dot product loop at n=32, k=48, m=24
    at most 2 * output bytes of extra memory at n=32, k=48, m=24
    at most 3 ops, views not counted, on contiguous matrices

Hints
    1. Each of the two is one operator of Python; the matrix product has an operator of its own.
    Levels 2 and 3: `nox -s hint -- vector_and_matrix`.
"""

from torch import Tensor


def add(x: Tensor, y: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def product(x: Tensor, y: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
