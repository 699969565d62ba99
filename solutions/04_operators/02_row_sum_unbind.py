"""Reference: one unbind for all rows, then one addition per row.

Fast: a slicing loop sends two ops per row through the dispatcher, a view and an addition. unbind
creates all n views in a single op, so only the additions remain. Correct: the total starts with the
dtype and device of x, so integers keep their dtype, and a matrix without rows gives zeros.
"""

from functools import reduce

import torch
from torch import Tensor


def row_sum(x: Tensor) -> Tensor:
    total = x.new_zeros(x.shape[1])  # [d]
    for row in torch.unbind(x):  # n views of shape [d], with one op
        total = total + row
    return total


HINTS = (
    "One call can return all rows at once, as a tuple of views.",
    "`torch.unbind` splits along a dimension. Start from zeros with the right dtype and device.",
    "`total = x.new_zeros(x.shape[1])`, then `for row in torch.unbind(x): total = total + row`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"row_sum": ("by_iterating", "by_reduce", "in_pairs", "by_split")}


def by_iterating(x: Tensor) -> Tensor:
    total = torch.zeros(x.shape[1:], dtype=x.dtype, device=x.device)
    for row in x:  # iterating over a tensor calls unbind too
        total += row
    return total


def by_reduce(x: Tensor) -> Tensor:
    return reduce(torch.add, x.unbind(0), x.new_zeros(x.shape[1]))


def in_pairs(x: Tensor) -> Tensor:
    rows = list(x.unbind()) or [x.new_zeros(x.shape[1])]
    while len(rows) > 1:  # n - 1 additions as a tree, with less rounding
        odd = rows[-1:] if len(rows) % 2 else []
        rows = [a + b for a, b in zip(rows[::2], rows[1::2], strict=False)] + odd
    return rows[0]


def by_split(x: Tensor) -> Tensor:
    total = torch.zeros(1, x.shape[1], dtype=x.dtype, device=x.device)
    for row in x.split(1) if len(x) else ():  # [1, d] views, also from one op
        total = torch.add(total, row)
    return total.squeeze(0)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "row_sum": {
        "slicing_loop": "ops",
        "one_reduction": "ops",
        "builtin_sum": "shape",
        "float_start": "dtype",
        "start_on_the_cpu": "device",
        "adds_into_the_first_row": "purity",
        "by_halves": "ops",
        "wide_total": "dtype",
    },
}


def slicing_loop(x: Tensor) -> Tensor:
    total = x.new_zeros(x.shape[1])
    for i in range(x.shape[0]):
        total = total + x[i]  # two ops per row: select and add
    return total


def one_reduction(x: Tensor) -> Tensor:
    return x.sum(0, dtype=x.dtype)  # the fastest way, but reductions are not allowed here


def builtin_sum(x: Tensor) -> Tensor:
    return sum(torch.unbind(x))  # starts from int 0, and returns it if there are no rows


def float_start(x: Tensor) -> Tensor:
    total = torch.zeros(x.shape[1], device=x.device)  # float32, so integers become floats
    for row in torch.unbind(x):
        total = total + row
    return total


def start_on_the_cpu(x: Tensor) -> Tensor:
    total = torch.zeros(x.shape[1], dtype=x.dtype)  # fails unless x is on the CPU
    for row in torch.unbind(x):
        total = total + row
    return total


def adds_into_the_first_row(x: Tensor) -> Tensor:
    if not len(x):
        return x.new_zeros(x.shape[1])
    total, *others = torch.unbind(x)  # rows are views, so total is memory of x
    for row in others:
        total += row
    return total


def by_halves(x: Tensor) -> Tensor:
    rows = torch.cat([x, x.new_zeros(1, x.shape[1])])
    while len(rows) > 1:  # adds half of the rows to the other half: few ops, but no loop over rows
        odd = rows[: len(rows) % 2]
        one, other = rows[len(odd) :].chunk(2)
        rows = torch.cat([odd, one + other])
    return rows[0]


def wide_total(x: Tensor) -> Tensor:
    total = torch.zeros(x.shape[1], dtype=torch.float64, device=x.device)
    for row in torch.unbind(x):
        total = total + row
    return total.to(x.dtype)  # integers above 2**53 have lost their last digits
