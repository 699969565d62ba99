"""More 01: mend shift. This code changes its argument; mend it.

Task
    Return the entries of `x` less their mean, and leave `x` as it was.

Shapes and units
    x         [n]     floating, any device
    return    [n]     the dtype of x

Rules
    Change as little as possible.

Budget
    at most 2 ops

Hints
    1. An op whose name ends in an underscore writes into its tensor.
    Levels 2 and 3: `nox -s hint -- mend_shift`.
"""

from torch import Tensor


def shift(x: Tensor) -> Tensor:
    return x.sub_(x.mean())  # TODO: find the fault
