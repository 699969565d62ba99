"""More 01: mend shift. This code modifies its argument; fix it.

Task
    Return the entries of `x` minus their mean, and leave `x` unchanged.

Shapes and units
    x         [n]     floating, any device
    return    [n]     the dtype of x

Rules
    Change as little as possible.

Budget
    at most 2 ops, not counting views

Hints
    1. An op whose name ends in an underscore writes to its input.
    Levels 2 and 3: `nox -s hint -- mend_shift`.
"""

from torch import Tensor


def shift(x: Tensor) -> Tensor:
    return x.sub_(x.mean())  # TODO: find the bug
