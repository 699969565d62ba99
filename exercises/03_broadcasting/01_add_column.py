"""Broadcasting 01: add column. Add one column to every column of a matrix.

Task
    Return a + b, where `b` holds one number per row of `a`: entry (i, j) is a[i, j] + b[i, 0].
    The two shapes differ. PyTorch lines them up from the right; where one of them has size 1, it
    is read again and again as if it had the other's size, and nothing is copied for that:

        a          [3, 2]
        b          [3, 1]     the 1 is stretched to 2
        a + b      [3, 2]

Shapes and units
    a         [n, m]  floats or integers, any device; n or m may be 1 or 0
    b         [n, 1]  the dtype and device of a
    return    [n, m]  the dtype of a

Rules
    No Python loop, and no repeated copy of b in memory. Neither a nor b is modified. Gradients must
    flow to both.

Budget
    at most 2 ops
    at most 1.2 * output bytes of extra memory at n=500, m=512
    at least 1.5 x faster than the repeat then add at n=500, m=512

Hints
    1. The repeating can happen while the sum is read, without a copy that is as large as a.
    Levels 2 and 3: `nox -s hint -- add_column`.
"""

from torch import Tensor


def add_column(a: Tensor, b: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
