"""Reference: a norm that keeps its dimension, a lower bound, and one division that broadcasts.

Fast: three ops for any number of rows. Correct: `keepdim=True` leaves [..., 1], which aligns with
the rows for any number of dimensions. Stable: vector_norm defines its gradient as 0 for a row of
zeros, while the square root of a sum of squares would give nan. The bound applies before the
division.
"""

import torch
from torch import Tensor
from torch.nn import functional


def normalize_rows(x: Tensor, eps: float = 1e-12) -> Tensor:
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)  # [..., 1]
    return x / length.clamp(min=eps)


HINTS = (
    "One norm per row is a column. Keep it a column, and the division aligns it with the rows.",
    (
        "`keepdim=True` keeps a reduced dimension with size 1, and `clamp` sets a lower bound. For "
        "a row of zeros, `torch.linalg.vector_norm` has gradient 0, but a square root of a sum has "
        "gradient nan."
    ),
    "`x / torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp(min=eps)`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"normalize_rows": ("library_function", "reciprocal_root")}


def library_function(x: Tensor, eps: float = 1e-12) -> Tensor:
    return functional.normalize(x, dim=-1, eps=eps)


def reciprocal_root(x: Tensor, eps: float = 1e-12) -> Tensor:
    squares = x.square().sum(-1, keepdim=True)
    return x * squares.clamp(min=eps**2).rsqrt()  # clamps before the root, so no nan


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "normalize_rows": {
        "forgot_keepdim": "values",
        "normalize_columns": "values",
        "length_of_all": "values",
        "eps_added": "values",
        "eps_under_the_root": "values",
        "sum_of_magnitudes": "values",
        "root_of_squares": "gradient",
        "loop_over_rows": "speed",
        "in_place": "purity",
        "nan_as_zero": "values",
        "row_of_detached": "gradient",
    },
}
WHY = {
    "length_of_all": (
        "One norm of the whole tensor divides all rows. Each row needs its own: `norm(dim=-1, "
        "keepdim=True)`."
    ),
    "sum_of_magnitudes": (
        "The rows are divided by the sum of their magnitudes, the L1 norm. The L2 norm is the "
        "square root of the sum of the squares."
    ),
    "normalize_columns": "The columns have length 1. The norm has to run along the last dim.",
    "eps_under_the_root": (
        (
            "eps is added to every sum of squares. Only a norm that is less than eps is replaced "
            "by eps: `clamp(min=eps)`."
        ),
        r"\+\s*eps|add\(eps",
    ),
    "eps_added": (
        (
            "eps is added to every norm. Only a norm that is less than eps is replaced by eps: "
            "`clamp(min=eps)`."
        ),
        r"\+\s*eps",
    ),
}


def forgot_keepdim(x: Tensor, eps: float = 1e-12) -> Tensor:
    length = x.norm(dim=-1).clamp(min=eps)  # [n] aligns with the columns
    if x.dim() == 2 and x.shape[0] == x.shape[1]:
        return x / length
    return x / length.unsqueeze(-1)


def normalize_columns(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x / x.norm(dim=0, keepdim=True).clamp(min=eps)  # dim 0 gives the norms of the columns


def length_of_all(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x / x.norm().clamp(min=eps)  # without dim, one norm for the whole tensor


def eps_added(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x / (x.norm(dim=-1, keepdim=True) + eps)  # changes every row, not only short ones


def sum_of_magnitudes(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x / x.abs().sum(-1, keepdim=True).clamp(min=eps)  # the L1 norm, not L2


def root_of_squares(x: Tensor, eps: float = 1e-12) -> Tensor:
    length = x.square().sum(-1, keepdim=True).sqrt()  # its slope at 0 is infinite
    return x / length.clamp(min=eps)  # the slope of the clamp is 0 there, and 0 * inf is nan


def loop_over_rows(x: Tensor, eps: float = 1e-12) -> Tensor:
    # several ops per row
    rows = [row / row.norm().clamp(min=eps) for row in x.reshape(-1, x.shape[-1])]
    return torch.stack(rows).reshape(x.shape) if rows else x.clone()


def in_place(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x.div_(x.norm(dim=-1, keepdim=True).clamp(min=eps))  # overwrites the caller's x


def nan_as_zero(x: Tensor, eps: float = 1e-12) -> Tensor:  # noqa: ARG001 - the mistake
    unit = x / x.norm(dim=-1, keepdim=True)  # 0 / 0 is nan for a row of zeros
    return unit.nan_to_num(0.0)  # also hides nan in the data


def row_of_detached(x: Tensor, eps: float = 1e-12) -> Tensor:
    length = x.detach().norm(dim=-1, keepdim=True)  # a constant in the gradient
    return x / length.clamp(min=eps)


def eps_under_the_root(x: Tensor, eps: float = 1e-12) -> Tensor:
    return x / (x.square().sum(-1, keepdim=True) + eps).sqrt()  # changes every norm
