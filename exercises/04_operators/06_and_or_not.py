"""Operators 06: and, or, not. Fix conditions that Python's keywords cannot express for tensors.

Task
    Masks such as "within these bounds" select pixels, tokens or outliers. `in_range(x, low, high)`
    returns, for each element, whether low <= x < high; `outside(x, low, high)` is its negation.
    The code below reads well but fails, because `and`, `or`, `not` and a chain such as
    low <= x < high need a single True or False for the whole tensor. Python does not let a class
    overload them. If there is more than one element, PyTorch raises
        RuntimeError: Boolean value of Tensor with more than one value is ambiguous
    The operators & | ^ ~ can be overloaded, and work per element on bool tensors. They bind more
    tightly than <=, so use parentheses.

Shapes and units
    x            [...]   float32, float64 or integer, any device
    low, high    Python numbers; they may have a fraction, such as 2.5, even if x is integer
    return       [...]   bool, on the device of x; nan is outside every range

Rules
    No Python loop over elements. For an integer x, the bounds keep their fraction: 2 < 2.5 is True.
    Between whole bounds, large integers keep all digits, and so do float64 numbers.

Budget
    in_range: at least 5x faster than the element loop at n=10000
    outside: at least 5x faster than the opposite loop at n=10000 (the same loop with `not`)

Hints
    1. Comparing a tensor already gives one result per element; combine two such results.
    Levels 2 and 3: `nox -s hint -- and_or_not`.
"""

import torch
from torch import Tensor


def in_range(x: Tensor, low: float, high: float) -> Tensor:
    # TODO: this works only if x has a single element
    return torch.as_tensor(low <= x < high)


def outside(x: Tensor, low: float, high: float) -> Tensor:
    return torch.as_tensor(not in_range(x, low, high))
