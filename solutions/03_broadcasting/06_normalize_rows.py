"""Reference: a norm that keeps its dim, a floor, and one division that broadcasts.

Fast: three ops for any number of rows. Right: `keepdim=True` leaves [..., 1], which lines up with
the rows for every number of dims. Stable: the norm's own gradient is defined as 0 at a row of
zeros, where the square root of a sum would give nan; the floor acts before the division.
"""

import torch
from torch import Tensor
from torch.nn import functional

HINTS = (
    "One length per row is a column: keep it a column, and the division finds its rows.",
    "Reductions take `keepdim=True`, which leaves size 1 where a dim was; `clamp` sets a floor.",
    "`x / torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp(min=eps)`.",
)

TRAPS = {
    "normalize_rows": {
        "forgot_keepdim": "values",
        "normalize_columns": "values",
        "length_of_all": "values",
        "eps_added": "values",
        "sum_of_magnitudes": "values",
        "root_of_squares": "gradient",
        "loop_over_rows": "speed",
        "in_place": "purity",
    },
}

ALTERNATIVES = {"normalize_rows": ("library_function", "reciprocal_root")}


def normalize_rows(x: Tensor, eps: float = 1e-12) -> Tensor:
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)  # [..., 1]
    return x / length.clamp(min=eps)


def library_function(x: Tensor, eps: float = 1e-12) -> Tensor:
    return functional.normalize(x, dim=-1, eps=eps)


def reciprocal_root(x: Tensor, eps: float = 1e-12) -> Tensor:
    squares = x.square().sum(-1, keepdim=True)
    return x * squares.clamp(min=eps**2).rsqrt()  # the floor comes before the root: no nan


def forgot_keepdim(x: Tensor, eps: float = 1e-12) -> Tensor:
    length = x.norm(dim=-1).clamp(min=eps)  # [n] lines up with the columns
    if x.dim() == 2 and x.shape[0] == x.shape[1]:
        return x / length
    return x / length.unsqueeze(-1)


def normalize_columns(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x / x.norm(dim=0, keepdim=True).clamp(min=eps)  # rows lie along the last dim


def length_of_all(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x / x.norm().clamp(min=eps)  # without a dim there is one length, the whole table's


def eps_added(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x / (x.norm(dim=-1, keepdim=True) + eps)  # changes every row, not the short ones only


def sum_of_magnitudes(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x / x.abs().sum(-1, keepdim=True).clamp(min=eps)  # the L1 norm


def root_of_squares(x: Tensor, eps: float = 1e-12) -> Tensor:
    length = x.square().sum(-1, keepdim=True).sqrt()  # infinite slope at 0 ...
    return x / length.clamp(min=eps)  # ... times the clamp's 0: nan, and training is over


def loop_over_rows(x: Tensor, eps: float = 1e-12) -> Tensor:
    rows = [row / row.norm().clamp(min=eps) for row in x.reshape(-1, x.shape[-1])]
    return torch.stack(rows).reshape(x.shape) if rows else x.clone()


def in_place(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x.div_(x.norm(dim=-1, keepdim=True).clamp(min=eps))  # the caller's x is gone
