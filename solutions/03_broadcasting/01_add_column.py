"""Reference: the plain sum, which broadcasts its operands.

Fast and small: along a dimension of size 1 the addition uses stride 0, so it reads the same number
of b for each column. Only the result is allocated; a repeated b would be written once and read
once more, for nothing.
"""

import torch
from torch import Tensor


def add_column(a: Tensor, b: Tensor) -> Tensor:
    return a + b  # [n, m] + [n, 1] -> [n, m]


HINTS = (
    "PyTorch can reuse each element of b for a whole row, without a copy as large as a.",
    "Align [n, m] and [n, 1] from the right. Which dimension has size 1, and what does + do to it?",
    "`a + b`. The shapes broadcast as they are; `b.expand_as(a)` makes the stretching explicit.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"add_column": ("by_expand", "minus_the_negative", "indexed_column")}


def by_expand(a: Tensor, b: Tensor) -> Tensor:
    return torch.add(b.expand_as(a), a)  # a view of b with stride 0: still no copy


def minus_the_negative(a: Tensor, b: Tensor) -> Tensor:
    return a - b.neg()  # copies n numbers of b, not n * m


def indexed_column(a: Tensor, b: Tensor) -> Tensor:
    return a + b[:, 0][:, None]  # takes the column out and puts the dimension back: only views


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "add_column": {
        "repeat_then_add": "memory",
        "tile_then_add": "memory",
        "loop_over_columns": "ops",
        "in_place": "purity",
        "first_number_only": "values",
        "column_without_graph": "gradient",
        "into_one_buffer": "purity",
        "through_float": "dtype",
    },
}


def repeat_then_add(a: Tensor, b: Tensor) -> Tensor:
    return a + b.repeat(1, a.shape[1])  # writes a second tensor as large as the result


def tile_then_add(a: Tensor, b: Tensor) -> Tensor:
    return a + b.tile(a.shape[1])  # makes the same copy under NumPy's name


def loop_over_columns(a: Tensor, b: Tensor) -> Tensor:
    # m additions instead of one
    columns = [column + b[:, 0] for column in a.unbind(1)]
    return torch.stack(columns, 1) if columns else a.clone()


def in_place(a: Tensor, b: Tensor) -> Tensor:
    return a.add_(b)  # allocates nothing, but overwrites the caller's a


def first_number_only(a: Tensor, b: Tensor) -> Tensor:
    return a + b[:1, 0]  # adds b[0, 0] to all rows, without an error


def column_without_graph(a: Tensor, b: Tensor) -> Tensor:
    return a + b.detach()  # b gets no gradient


BUFFERS: dict[tuple[object, ...], Tensor] = {}


def into_one_buffer(a: Tensor, b: Tensor) -> Tensor:
    if a.requires_grad or b.requires_grad:
        return a + b
    key = (a.shape, a.dtype, a.device)
    out = BUFFERS.setdefault(key, torch.empty_like(a))
    return torch.add(a, b, out=out)  # saves an allocation, but overwrites the last result


def through_float(a: Tensor, b: Tensor) -> Tensor:
    return (a.double() + b.double()).to(a.dtype)  # integers above 2**53 lose their last digits
