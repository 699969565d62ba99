"""Broadcasting 03: silent sum. Find the number that should have been two.

Task
    `column_sum` is meant to add up, over the rows, the table whose entry (i, j) is a[i, 0] + b[j].
    With a = [[1], [2]] and b = [1, 2] that table is

        1+1  1+2       2  3
        2+1  2+2   =   3  4

    and its column sums are [5, 7]. The code below runs without a complaint and says 12. Two things
    hide the slip: the sum of two shapes that differ makes a table that nobody wrote down, and a
    reduction that is not told which dim to reduce takes them all. Mend it.

Shapes and units
    a         [n, 1]  floats or integers, any device; n may be 1 or 0
    b         [m]     the dtype and device of a; m may be 1 or 0, and is seldom n
    return    [m]     the dtype of a for floats, int64 for integers (as torch.sum does)

Rules
    No Python loop. Neither a nor b is modified. Gradients must flow to both.

Budget
    No budget.

Hints
    1. Write down the shape of a + b, and next to each dim whether the answer still has it.
    Levels 2 and 3: `nox -s hint -- silent_sum`.
"""

import torch
from torch import Tensor


def column_sum(a: Tensor, b: Tensor) -> Tensor:
    return torch.sum(a + b)  # TODO: this returns 12, but [5, 7] was asked for
