"""Operators 02: row sum with unbind. Walk over the rows of a matrix without slicing each of them.

Task
    Return the sum of the rows of `x`: entry j is x[0, j] + x[1, j] + ... + x[n-1, j].
    Here you practise loops that PyTorch offers no ready-made op for, so add row by row. The
    plain loop pays two ops for each row: x[i] makes a view, then comes the addition. Have all
    the views made by one op before the loop; then each row costs its addition alone.
    The article says that this saves 30% of the time. The grade counts ops, which are the same on
    every machine, and the report shows the time beside them.

Shapes and units
    x         [n, d]  floats or integers, any device; n may be 0
    return    [d]     the dtype of x, for integers too (torch.sum would make them int64);
                      zeros where there are no rows

Rules
    Get the rows by exactly one op; inside the loop no x[i], no slice, no select.
    Add by + or torch.add, n - 1 times or n times. No reduction: sum, mean, einsum, matmul and
    their like are the next exercise.
    Gradients must flow to x.

Budget
    at most n + 3 ops

Hints
    1. One call can hand you all the rows at once, as a tuple of views.
    Levels 2 and 3: `nox -s hint -- row_sum_unbind`.
"""

from torch import Tensor


def row_sum(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
