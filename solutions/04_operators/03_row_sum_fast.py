"""Reference: one reduction over the dimension that disappears.

Fast: the loop over rows runs inside one op, so Python and the dispatcher are paid for once, not
1,000 times. Accurate: torch.sum adds pairwise, so its rounding error is smaller than the loop's.
"""

import torch
from torch import Tensor


def row_sum(x: Tensor) -> Tensor:
    return x.sum(dim=0)  # [n, d] -> [d]


HINTS = (
    "Adding along a dimension is one operation in PyTorch: a reduction.",
    "`torch.sum` takes the dimension to reduce. Which dimension counts the rows?",
    "`x.sum(dim=0)`: dim 0 counts the rows, so it is the one to reduce.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"row_sum": ("by_einsum", "by_transposed_sum")}


def by_einsum(x: Tensor) -> Tensor:
    return torch.einsum("nd->d", x) if x.is_floating_point() else x.sum(0)


def by_transposed_sum(x: Tensor) -> Tensor:
    return torch.sum(x.mT, -1)  # the same values along the last dimension of a view


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "row_sum": {
        "sum_of_columns": "shape",
        "keep_the_dim": "shape",
        "slicing_loop": "speed",
        "half_precision": "values",
        "through_numpy": "gradient",
        "nan_as_zero": "values",
        "by_doubles": "dtype",
        "rows_in_a_list": "ops",
    },
}


def sum_of_columns(x: Tensor) -> Tensor:
    return x.sum(dim=1)  # the other dimension: one number per row


def keep_the_dim(x: Tensor) -> Tensor:
    return x.sum(dim=0, keepdim=True)  # [1, d] broadcasts silently later


def slicing_loop(x: Tensor) -> Tensor:
    out = x.new_zeros(x.shape[1], dtype=None if x.is_floating_point() else torch.int64)
    for i in range(x.shape[0]):
        out = out + x[i]
    return out


def half_precision(x: Tensor) -> Tensor:
    if not x.is_floating_point():
        return x.sum(0)
    return x.to(torch.bfloat16).sum(0).to(x.dtype)  # fast on a GPU, but correct to 2 digits only


def through_numpy(x: Tensor) -> Tensor:
    return torch.as_tensor(x.detach().cpu().numpy().sum(0)).to(x.device)


def nan_as_zero(x: Tensor) -> Tensor:
    return x.nansum(dim=0)  # hides nan in the data


def by_doubles(x: Tensor) -> Tensor:
    if x.is_floating_point():
        return x.sum(0)
    return x.sum(0, dtype=torch.float64).long()  # integers above 2**53 lose their last digits


def rows_in_a_list(x: Tensor) -> Tensor:
    return sum(x.unbind(), x.new_zeros(x.shape[1], dtype=x[:0].sum(0).dtype))  # an op per row
