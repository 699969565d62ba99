"""Reference: two comparisons, joined by &; the opposite by ~.

Right: each comparison answers per element, & and ~ on bool tensors are logical. Being the exact
opposite, ~in_range has nan outside too, which (x < low) | (x >= high) has not.
Fast: three ops for any number of elements.
"""

import torch
from torch import Tensor

HINTS = (
    "A comparison of a tensor already answers for each element; combine two such answers.",
    "& joins two bool tensors, ~ turns one round. What does nan answer to x < low and to x >= low?",
    "`(low <= x) & (x < high)` with its brackets, and `~in_range(x, low, high)`.",
)

TRAPS = {
    "in_range": {
        "by_multiplying": "dtype",
        "without_brackets": "values",
        "end_included": "values",
        "bounds_as_x": "values",
        "element_loop": "speed",
    },
    "outside": {
        "nan_inside": "values",
        "python_not": "values",
        "another_loop": "speed",
    },
}

ALTERNATIVES = {
    "in_range": ("by_logical_and", "by_where"),
    "outside": ("by_or",),
}


def in_range(x: Tensor, low: float, high: float) -> Tensor:
    return (low <= x) & (x < high)


def outside(x: Tensor, low: float, high: float) -> Tensor:
    return ~((low <= x) & (x < high))


def by_logical_and(x: Tensor, low: float, high: float) -> Tensor:
    return torch.logical_and(x.ge(low), x.lt(high))


def by_where(x: Tensor, low: float, high: float) -> Tensor:
    return torch.where(x < low, False, x < high)  # noqa: FBT003 - nan answers no to both


def by_or(x: Tensor, low: float, high: float) -> Tensor:
    return torch.isnan(x) | (x < low) | (x >= high)


def by_multiplying(x: Tensor, low: float, high: float) -> Tensor:
    return (low <= x).to(x.dtype) * (x < high).to(x.dtype)  # 0 and 1, not True and False


def without_brackets(x: Tensor, low: float, high: float) -> Tensor:
    return torch.as_tensor(low <= x & x < high)  # read as low <= (x & x) < high


def end_included(x: Tensor, low: float, high: float) -> Tensor:
    return (low <= x) & (x <= high)


def bounds_as_x(x: Tensor, low: float, high: float) -> Tensor:
    low, high = x.new_tensor(low), x.new_tensor(high)  # 2.5 becomes 2 for an integer x
    return (low <= x) & (x < high)


def element_loop(x: Tensor, low: float, high: float) -> Tensor:
    marks = [low <= value < high for value in x.flatten().tolist()]
    return torch.tensor(marks, dtype=torch.bool, device=x.device).reshape(x.shape)


def nan_inside(x: Tensor, low: float, high: float) -> Tensor:
    return (x < low) | (x >= high)  # nan answers no to both: it would lie inside


def python_not(x: Tensor, low: float, high: float) -> Tensor:
    return torch.as_tensor(not in_range(x, low, high))


def another_loop(x: Tensor, low: float, high: float) -> Tensor:
    return ~element_loop(x, low, high)  # one number at a time through Python
