"""Operators 06: and, or, not. Mend conditions that Python's own words cannot express.

Task
    `in_range(x, low, high)` tells for every element whether low <= x < high; `outside(x, low, high)`
    is its opposite, element by element.
    The code below reads well, and fails: `and`, `or`, `not` and a chain such as low <= x < high ask
    for one yes or no about the whole tensor. Python does not let a class overload them, so for more
    than one element PyTorch refuses:
        RuntimeError: Boolean value of Tensor with more than one value is ambiguous
    and for exactly one element the answer is a bare truth value, not a tensor. The operators that a
    class can overload are & | ^ ~ (mind the brackets: they bind more tightly than <= does).

Shapes and units
    x            [...]   floats or integers, any device
    low, high    numbers of Python; for an integer x they may have a fraction, such as 2.5
    return       [...]   bool, on the device of x; nan lies outside every range

Rules
    No loop over elements. For an integer x the bounds keep their fraction: 2 < 2.5 holds.

Budget
    in_range: at least 20 x faster than the element loop at n=10000
    outside: at least 20 x faster than the opposite loop at n=10000 (the same loop with a not)

Hints
    1. A comparison of a tensor already answers for each element; combine two such answers.
    Levels 2 and 3: `nox -s hint -- and_or_not`.
"""

import torch
from torch import Tensor


def in_range(x: Tensor, low: float, high: float) -> Tensor:
    # TODO: this works for a single number only
    return torch.as_tensor(low <= x < high)


def outside(x: Tensor, low: float, high: float) -> Tensor:
    return torch.as_tensor(not in_range(x, low, high))
