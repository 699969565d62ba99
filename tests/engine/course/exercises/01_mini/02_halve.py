"""Mini 02: halve. Divide each entry by two.

Task
    Return half of each entry of `x`.

Shapes and units
    x         [n]     floating, any device
    return    [n]     the dtype of x

Rules
    Leave x as it is.

Budget
    at most 1 op, not counting views

Hints
    1. Tensors know arithmetic.
    Levels 2 and 3: `nox -s hint -- halve`.
"""

from torch import Tensor


def halve(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
