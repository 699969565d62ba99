"""Broadcasting 03: silent sum. Fix a sum that returns one number instead of one per column.

Task
    A metric that reduces the wrong dimension raises no error, and its result looks plausible.
    `column_sum` should add up the rows of the table whose entry (i, j) is a[i, 0] + b[j]. With
    a = [[1], [2]] and b = [1, 2] the table is

        1+1  1+2       2  3
        2+1  2+2   =   3  4

    and its column sums are [5, 7]. The code below returns 12. Two defaults hide the mistake: adding
    tensors of different shapes creates a table implicitly, and a reduction without `dim` reduces
    all dimensions. Fix it.

Shapes and units
    a         [n, 1]  float32, float64 or integer, any device; n may be 1 or 0
    b         [m]     the dtype and device of a; m may be 1 or 0, and usually differs from n
    return    [m]     the dtype of a if floating, else int64 (like torch.sum)

Rules
    No Python loop. Do not modify a or b. Gradients flow to both.

Budget
    No budget.

Hints
    1. Write down the shape of a + b. Which of its dimensions does the result still have?
    Levels 2 and 3: `nox -s hint -- silent_sum`.
"""

import torch
from torch import Tensor


def column_sum(a: Tensor, b: Tensor) -> Tensor:
    return torch.sum(a + b)  # TODO: the example gives 12 instead of [5, 7]
