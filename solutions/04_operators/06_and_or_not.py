"""Reference: two comparisons combined with &, and their negation with ~.

Correct: comparisons work per element, and on bool tensors & and ~ are logical. ~ is the exact
negation, so nan is outside; (x < low) | (x >= high) is False for nan. Fast: at most four ops for
any number of elements.
"""

import torch
from torch import Tensor


def in_range(x: Tensor, low: float, high: float) -> Tensor:
    return (low <= x) & (x < high)


def outside(x: Tensor, low: float, high: float) -> Tensor:
    return ~((low <= x) & (x < high))


HINTS = (
    "Comparing a tensor already gives one result per element; combine two such results.",
    "& combines bool tensors, and ~ negates one. What do x < low and x >= low return for nan?",
    "`(low <= x) & (x < high)` with the parentheses, and `~in_range(x, low, high)`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "in_range": ("by_logical_and", "by_where", "by_stack"),
    "outside": ("by_or",),
}


def by_logical_and(x: Tensor, low: float, high: float) -> Tensor:
    return torch.logical_and(x.ge(low), x.lt(high))


def by_where(x: Tensor, low: float, high: float) -> Tensor:
    return torch.where(x < low, False, x < high)  # noqa: FBT003 - both are False for nan


def by_stack(x: Tensor, low: float, high: float) -> Tensor:
    return torch.stack([low <= x, x < high]).all(dim=0)


def by_or(x: Tensor, low: float, high: float) -> Tensor:
    return torch.isnan(x) | (x < low) | (x >= high)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "in_range": {
        "by_multiplying": "dtype",
        "without_brackets": "values",
        "end_included": "values",
        "bounds_as_x": "values",
        "single_precision": "values",
        "bounds_in_half_precision": "values",
        "loop_over_elements": "ops",
        "element_loop": "speed",
    },
    "outside": {
        "nan_inside": "values",
        "python_not": "values",
        "another_loop": "speed",
    },
}


def by_multiplying(x: Tensor, low: float, high: float) -> Tensor:
    return (low <= x).to(x.dtype) * (x < high).to(x.dtype)  # returns 0 and 1, not bool


def without_brackets(x: Tensor, low: float, high: float) -> Tensor:
    return torch.as_tensor(low <= x & x < high)  # parsed as low <= (x & x) < high


def end_included(x: Tensor, low: float, high: float) -> Tensor:
    return (low <= x) & (x <= high)  # includes high


def bounds_as_x(x: Tensor, low: float, high: float) -> Tensor:
    low, high = x.new_tensor(low), x.new_tensor(high)  # 2.5 becomes 2 for an integer x
    return (low <= x) & (x < high)


def element_loop(x: Tensor, low: float, high: float) -> Tensor:
    # sends every element through Python
    marks = [low <= value < high for value in x.flatten().tolist()]
    return torch.tensor(marks, dtype=torch.bool, device=x.device).reshape(x.shape)


def nan_inside(x: Tensor, low: float, high: float) -> Tensor:
    return (x < low) | (x >= high)  # both are False for nan, so nan counts as inside


def python_not(x: Tensor, low: float, high: float) -> Tensor:
    return torch.as_tensor(not in_range(x, low, high))  # raises for more than one element


def another_loop(x: Tensor, low: float, high: float) -> Tensor:
    return ~element_loop(x, low, high)  # sends every element through Python


def single_precision(x: Tensor, low: float, high: float) -> Tensor:
    x = x.float()  # rounds float64 numbers and large integers
    return (low <= x) & (x < high)


def bounds_in_half_precision(x: Tensor, low: float, high: float) -> Tensor:
    bounds = torch.tensor([low, high], dtype=torch.float16, device=x.device)  # 0.1 is 0.09998
    return (x >= bounds[0]) & (x < bounds[1])


def loop_over_elements(x: Tensor, low: float, high: float) -> Tensor:
    marks = [bool(low <= value < high) for value in x.reshape(-1)]  # reads each element
    return torch.tensor(marks, dtype=torch.bool, device=x.device).reshape(x.shape)
