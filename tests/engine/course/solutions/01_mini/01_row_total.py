"""Reference: one reduction instead of a loop.

Fast: the loop over rows runs inside one op.
"""

import torch
from torch import Tensor

HINTS = (
    "Adding along a dimension is one operation.",
    "`torch.sum` takes the dimension to remove.",
    "`x.sum(0)`.",
)

TRAPS = {"row_total": {"columns": "shape", "row_by_row": "speed", "detached": "gradient"}}

ALTERNATIVES = {"row_total": ("from_behind",)}


def row_total(x: Tensor) -> Tensor:
    return x.sum(0)


def from_behind(x: Tensor) -> Tensor:
    return torch.sum(x, -2)


def columns(x: Tensor) -> Tensor:
    return x.sum(1)


def row_by_row(x: Tensor) -> Tensor:
    out = x.new_zeros(x.shape[1])
    for i in range(len(x)):
        out = out + x[i]
    return out


def detached(x: Tensor) -> Tensor:
    return x.detach().sum(0)
