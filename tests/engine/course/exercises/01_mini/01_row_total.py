"""Mini 01: row total. Add up the rows of a matrix.

Task
    Return the sum of the rows of `x`.

Shapes and units
    x         [n, d]  floating, any device; n may be 0
    return    [d]     the dtype of x

Rules
    No Python loop over rows. Gradients flow to x.

Budget
    at most 1 op, not counting views
    at most output bytes of extra memory
    at least 4x faster than the row loop at n=200, d=8

Hints
    1. Adding along a dimension is one operation.
    Levels 2 and 3: `nox -s hint -- row_total`.
"""

from torch import Tensor


def row_total(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
