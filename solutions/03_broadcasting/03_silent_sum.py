"""Reference: name the dimension to reduce.

Correct: [n, 1] + [m] is [n, m], dim 0 counts the rows, and reducing it leaves [m]. A named
dimension also makes the next mistake visible: if a had the shape [n], the result would be an error
or have the wrong shape, while a sum over everything always returns a plausible number.
"""

import torch
from torch import Tensor


def column_sum(a: Tensor, b: Tensor) -> Tensor:
    return (a + b).sum(dim=0)  # [n, 1] + [m] -> [n, m] -> [m]


HINTS = (
    "Write down the shape of a + b. Which of its dimensions does the result still have?",
    "The table is [n, m] and the result is [m]: `sum` takes the dimension to reduce.",
    "`(a + b).sum(dim=0)`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"column_sum": ("without_a_table", "transposed_table")}


def without_a_table(a: Tensor, b: Tensor) -> Tensor:
    return a.sum(dim=0) + a.shape[0] * b  # adds b n times: [1] + [m], without a table


def transposed_table(a: Tensor, b: Tensor) -> Tensor:
    return torch.add(b.unsqueeze(1), a.mT).sum(-1)  # [m, 1] + [1, n], reduced along n


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "column_sum": {
        "sum_of_everything": "shape",
        "sum_of_rows": "shape",
        "keep_the_dim": "shape",
        "reduce_first": "values",
        "first_row": "values",
        "mean_instead": "values",
        "always_float": "dtype",
        "detached_a": "gradient",
        "loop_over_columns": "ops",
        "nan_as_zero": "values",
        "by_doubles": "dtype",
    },
}
WHY = {
    "sum_of_rows": (
        (
            "`sum(dim=1)` adds up each row, so one number per row remains, [n]. Dim 0 counts the "
            "rows: reducing it leaves [m]."
        ),
        r"\bsum\(",
    ),
    "sum_of_everything": "Without a dim, `sum` adds up everything. Name the dim to reduce.",
    "first_row": "The result is the first row of the table. Add up all rows.",
    "reduce_first": (
        "Every row of the table contains b, so b counts n times. Here it is added once, after the "
        "sum."
    ),
}


def sum_of_everything(a: Tensor, b: Tensor) -> Tensor:
    return torch.sum(a + b)  # without dim, reduces all dimensions


def sum_of_rows(a: Tensor, b: Tensor) -> Tensor:
    return (a + b).sum(dim=1)  # [n]: one number per row; looks right only if n = m


def keep_the_dim(a: Tensor, b: Tensor) -> Tensor:
    return (a + b).sum(dim=0, keepdim=True)  # returns [1, m], not [m]


def reduce_first(a: Tensor, b: Tensor) -> Tensor:
    return a.sum(dim=0) + b  # counts b once, but every row contains b


def mean_instead(a: Tensor, b: Tensor) -> Tensor:
    total = (a + b).sum(dim=0)  # divided by n below, but the spec wants the sum
    return total // max(1, a.shape[0]) if not a.is_floating_point() else total / max(1, a.shape[0])


def always_float(a: Tensor, b: Tensor) -> Tensor:
    return (a.float() + b.float()).sum(dim=0)  # loses float64, and integers above 2**24


def detached_a(a: Tensor, b: Tensor) -> Tensor:
    return a.sum(dim=0).detach() + a.shape[0] * b  # right values, but a gets no gradient


def loop_over_columns(a: Tensor, b: Tensor) -> Tensor:
    # a sum per column instead of one for all
    sums = [(a[:, 0] + b[j]).sum() for j in range(len(b))]
    return torch.stack(sums) if sums else (a + b).sum(dim=0)


def nan_as_zero(a: Tensor, b: Tensor) -> Tensor:
    return (a + b).nansum(dim=0)  # a nan in the data disappears from the metric


def by_doubles(a: Tensor, b: Tensor) -> Tensor:
    total = (a.double() + b).sum(dim=0)  # integers above 2**53 lose their last digits
    return total.to(a.dtype) if a.is_floating_point() else total.long()


def first_row(a: Tensor, b: Tensor) -> Tensor:
    table = a + b
    return table[0] if len(table) else table.sum(dim=0)  # leaves out all other rows
