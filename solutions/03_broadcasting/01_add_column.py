"""Reference: the plain sum, which broadcasts by itself.

Fast and small: along a dim of size 1 the adding loop steps by 0 in memory, so it reads b's one
number again for each column. Only the result is allocated; a repeated b would be written once and
read once more, for nothing.
"""

import torch
from torch import Tensor

HINTS = (
    "The repeating can happen while the sum is read, without a copy that is as large as a.",
    "Line up [n, m] and [n, 1] from the right: which dim has size 1, and what becomes of it in +?",
    "`a + b`. The shapes broadcast as they are; `b.expand_as(a)` would spell the stretching out.",
)

TRAPS = {
    "add_column": {
        "repeat_then_add": "memory",
        "tile_then_add": "memory",
        "loop_over_columns": "ops",
        "in_place": "purity",
        "first_number_only": "values",
        "column_without_graph": "gradient",
    },
}

ALTERNATIVES = {"add_column": ("by_expand", "minus_the_negative")}


def add_column(a: Tensor, b: Tensor) -> Tensor:
    return a + b  # [n, m] + [n, 1] -> [n, m]


def by_expand(a: Tensor, b: Tensor) -> Tensor:
    return torch.add(b.expand_as(a), a)  # a view of b with stride 0: still no copy


def minus_the_negative(a: Tensor, b: Tensor) -> Tensor:
    return a - b.neg()  # a copy of b is small: n numbers, not n times m


def repeat_then_add(a: Tensor, b: Tensor) -> Tensor:
    return a + b.repeat(1, a.shape[1])  # writes a second table as large as the result


def tile_then_add(a: Tensor, b: Tensor) -> Tensor:
    return a + b.tile(a.shape[1])  # the same copy under numpy's name, and as slow


def loop_over_columns(a: Tensor, b: Tensor) -> Tensor:
    columns = [column + b[:, 0] for column in a.unbind(1)]
    return torch.stack(columns, 1) if columns else a.clone()  # m additions instead of one


def in_place(a: Tensor, b: Tensor) -> Tensor:
    return a.add_(b)  # no memory at all, but the caller's a is gone


def first_number_only(a: Tensor, b: Tensor) -> Tensor:
    return a + b[:1, 0]  # right for a single row, and no error for more


def column_without_graph(a: Tensor, b: Tensor) -> Tensor:
    return a + b.detach()  # b is learned no more
