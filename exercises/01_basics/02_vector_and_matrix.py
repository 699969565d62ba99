"""Basics 02: vector and matrix. Add two tensors, and multiply two matrices.

Task
    A linear layer is a matrix product and a sum. `add(x, y)` returns the elementwise sum of two
    tensors of the same shape. `product(x, y)` returns the matrix product: entry (i, j) is the sum
    over t of x[i, t] * y[t, j]. If x is a stack of matrices, each of them is multiplied by y.

    Do not confuse the matrix product with `*`, which multiplies elementwise and raises no error for
    square matrices:

        >>> x = torch.tensor([[1., 2.], [3., 4.]])
        >>> x * x                       >>> x @ x
        tensor([[ 1.,  4.],             tensor([[ 7., 10.],
                [ 9., 16.]])                    [15., 22.]])

Shapes and units
    add        x, y of any shape, the same for both    return: the same shape
    product    x [n, k] or [..., n, k], y [k, m]       return: [n, m] or [..., n, m]
    float32 and float64 on any device, int32 and int64 on the CPU. Both arguments and the result
    have the same dtype. Any size may be 0.

Rules
    No Python loop over rows, columns, terms of a sum or matrices of a stack. Do not modify the
    arguments. Gradients flow to both.

Budget
    An op is one call that reaches PyTorch's dispatcher. For `product` of two matrices:
    at most 2 * output bytes of extra memory at n=32, k=48, m=24
    at most 2 ops, not counting views

Hints
    1. Each function is one Python operator; for the matrix product, it is not `*`.
    Levels 2 and 3: `nox -s hint -- vector_and_matrix`.
"""

import torch
from torch import Tensor


def add(x: Tensor, y: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def product(x: Tensor, y: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
