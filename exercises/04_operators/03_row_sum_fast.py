"""Operators 03: row sum, fast. Add up all rows of a matrix without a Python loop.

Task
    Return the sum of the rows of `x`: entry j is x[0, j] + x[1, j] + ... + x[n-1, j].
    The article reports 100 times the speed of the slicing loop for this; timed warm, in batches,
    it is more than 300 times. A single cold call shows only about 60.

Shapes and units
    x         [n, d]  floats or integers, any device; n may be 0
    return    [d]     the dtype of x for floats, int64 for integers (as torch.sum does)

Rules
    No Python loop over rows. Gradients must flow to x.

Budget
    at most 2 ops
    at least 50 x faster than the slicing loop at n=500, d=10
    at least 30 x faster than the unbind loop at n=500, d=10

Hints
    1. Adding along a dimension is one operation in PyTorch: a reduction.
    Levels 2 and 3: `nox -s hint -- row_sum_fast`.
"""

from torch import Tensor


def row_sum(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
