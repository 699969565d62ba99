"""Reference: name the dim that disappears.

Right: [n, 1] + [m] is [n, m]; rows lie along dim 0, so dim 0 is summed and [m] is left. A named dim
also guards against the next surprise: were a of shape [n] by mistake, a wrong shape would come
out or an error, where a sum over everything always looks like a fine number.
"""

import torch
from torch import Tensor

HINTS = (
    "Write down the shape of a + b, and next to each dim whether the answer still has it.",
    "The table is [n, m] and the answer is [m]: `sum` takes the dim that has to disappear.",
    "`(a + b).sum(dim=0)`.",
)

TRAPS = {
    "column_sum": {
        "sum_of_everything": "shape",
        "sum_of_rows": "shape",
        "keep_the_dim": "shape",
        "reduce_first": "values",
        "mean_instead": "values",
        "always_float": "dtype",
        "read_back": "gradient",
    },
}

ALTERNATIVES = {"column_sum": ("without_a_table", "transposed_table")}


def column_sum(a: Tensor, b: Tensor) -> Tensor:
    return (a + b).sum(dim=0)  # [n, 1] + [m] -> [n, m] -> [m]


def without_a_table(a: Tensor, b: Tensor) -> Tensor:
    return a.sum(dim=0) + a.shape[0] * b  # b is added n times: [1] + [m], no table at all


def transposed_table(a: Tensor, b: Tensor) -> Tensor:
    return torch.add(b.unsqueeze(1), a.mT).sum(-1)  # [m, 1] + [1, n], summed along n


def sum_of_everything(a: Tensor, b: Tensor) -> Tensor:
    return torch.sum(a + b)  # no dim named: all of them go


def sum_of_rows(a: Tensor, b: Tensor) -> Tensor:
    return (a + b).sum(dim=1)  # [n]: one number per row; for a table with n = m the shape fits too


def keep_the_dim(a: Tensor, b: Tensor) -> Tensor:
    return (a + b).sum(dim=0, keepdim=True)  # [1, m] is not [m]


def reduce_first(a: Tensor, b: Tensor) -> Tensor:
    return a.sum(dim=0) + b  # b stands in every row, so it counts n times, not once


def mean_instead(a: Tensor, b: Tensor) -> Tensor:
    total = (a + b).sum(dim=0)
    return total // max(1, a.shape[0]) if not a.is_floating_point() else total / max(1, a.shape[0])


def always_float(a: Tensor, b: Tensor) -> Tensor:
    return (a.float() + b.float()).sum(dim=0)  # loses float64, and integers above 2 ** 24


def read_back(a: Tensor, b: Tensor) -> Tensor:
    return a.sum(dim=0).detach() + a.shape[0] * b  # the numbers are right, but a learns nothing
