"""Operators 03: row sum, fast. Add up the rows of a matrix without a Python loop.

Task
    Return the sum of the rows of `x`: entry j is x[0, j] + x[1, j] + ... + x[n-1, j].
    Effective PyTorch (https://github.com/vahidk/EffectivePyTorch) reports that this can be 100
    times faster than a loop over slices.

Shapes and units
    x         [n, d]  float32, float64 or integer, any device; n may be 0
    return    [d]     the dtype of x if floating, else int64 (like torch.sum)

Rules
    No Python loop over rows. Do not modify x. Gradients flow to x.

Budget
    An op is one call that reaches PyTorch's dispatcher.
    at most 2 ops, not counting views
    at least 50x faster than the slicing loop at n=500, d=10
    at least 30x faster than the unbind loop at n=500, d=10

Hints
    1. Adding along a dimension is one operation in PyTorch: a reduction.
    Levels 2 and 3: `nox -s hint -- row_sum_fast`.
"""

import torch
from torch import Tensor


def row_sum(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
