"""Reference: stack three columns, multiply once, remove the last dimension.

Fast: four ops for every n (multiply, ones, stack, matrix product) and one view. A loop over the
numbers takes some ops for each of them. Correct: the result is [n], not [n, 1], so subtracting y
does not broadcast it to [n, n]. Reusable: the features do not depend on w, so a
training loop can compute them once.
"""

import torch
from torch import Tensor


def features(x: Tensor) -> Tensor:
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)  # 3 x [n] -> [n, 3]


def _columns(x: Tensor) -> Tensor:
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def predict(w: Tensor, x: Tensor) -> Tensor:
    return (_columns(x) @ w).squeeze(1)  # [n, 3] @ [3, 1] -> [n, 1] -> [n]


HINTS = (
    "Put three columns of length n side by side to get the matrix; then one product is enough.",
    (
        "`torch.stack` with `dim=1` puts vectors side by side; `torch.ones_like` makes the last "
        "column. The product [n, 3] @ [3, 1] has one dimension too many."
    ),
    "`torch.stack((x * x, x, torch.ones_like(x)), dim=1)` and `(features(x) @ w).squeeze(1)`.",
)

EQUIVALENT = {
    "infinity limited in predict: x": "the square of the largest number is infinite, too",
    "wrong for n == 1 in predict: w": "w has three rows",
    "detached for n == 1 in predict: w": "w has three rows",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "features": ("powers", "column_stacked"),
    "predict": ("horner", "by_mv", "weight_by_weight"),
}


def powers(x: Tensor) -> Tensor:
    exponents = torch.arange(2, -1, -1, device=x.device)  # 2, 1, 0
    return x.unsqueeze(1) ** exponents  # [n, 1] ** [3] -> [n, 3]


def column_stacked(x: Tensor) -> Tensor:
    x = x.unsqueeze(1)  # [n, 1]
    return torch.cat((x.square(), x, x.new_ones(x.shape)), 1)


def horner(w: Tensor, x: Tensor) -> Tensor:
    a, b, c = w.unbind()  # [1] each
    return (a * x + b) * x + c  # [1] broadcasts against [n]; four ops in all


def weight_by_weight(w: Tensor, x: Tensor) -> Tensor:
    return w[0] * x**2 + w[1] * x + w[2]  # [1] * [n]; five ops, and a view for each weight


def by_mv(w: Tensor, x: Tensor) -> Tensor:
    return torch.mv(_columns(x), w.view(3))


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "features": {
        "rising_powers": "values",
        "rows_instead": "shape",
        "ones_on_the_cpu": "device",
        "number_by_number": "gradient",
        "vandermonde": "gradient",
        "row_by_row": "ops",
        "offset_ignored": "values",
    },
    "predict": {
        "a_column": "shape",
        "squeezed_too_far": "shape",
        "point_by_point": "ops",
        "other_order": "values",
        "result_by_address": "values",
        "kept_under_no_grad": "purity",
    },
}
WHY = {
    "rising_powers": "The columns are in ascending order of powers. The order is x^2, x, 1.",
}


def rising_powers(x: Tensor) -> Tensor:
    return torch.stack((torch.ones_like(x), x, x * x), dim=1)  # columns in reverse order


def rows_instead(x: Tensor) -> Tensor:
    return torch.stack((x * x, x, torch.ones_like(x)))  # [3, n], not [n, 3]


def ones_on_the_cpu(x: Tensor) -> Tensor:
    # torch.ones without a device is on the CPU, wherever x is
    return torch.stack((x * x, x, torch.ones(len(x), dtype=x.dtype)), dim=1)


def number_by_number(x: Tensor) -> Tensor:
    rows = [[v * v, v, 1.0] for v in x.tolist()]  # Python numbers carry no gradient
    return torch.tensor(rows, dtype=x.dtype, device=x.device).reshape(-1, 3)


def vandermonde(x: Tensor) -> Tensor:
    return torch.vander(x, N=3)  # correct values, but not differentiable in PyTorch 2.13


def row_by_row(x: Tensor) -> Tensor:
    rows = [torch.stack((v * v, v, torch.ones_like(v))) for v in x]  # a loop over the numbers
    return torch.stack(rows) if rows else x.new_empty(0, 3)


def offset_ignored(x: Tensor) -> Tensor:
    x = x.as_strided(x.shape, x.stride(), 0)  # the start of the buffer, not of the slice
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def a_column(w: Tensor, x: Tensor) -> Tensor:
    return _columns(x) @ w  # [n, 1]: broadcasts against a y of shape [n] to [n, n]


def squeezed_too_far(w: Tensor, x: Tensor) -> Tensor:
    return (_columns(x) @ w).squeeze()  # for n = 1 this also removes the first dimension


def point_by_point(w: Tensor, x: Tensor) -> Tensor:
    if len(x) == 0:
        return x * w.sum()
    return torch.stack([_columns(number[None])[0] @ w[:, 0] for number in x])  # a loop over x


_KNOWN: dict[tuple[object, ...], tuple[Tensor, Tensor, Tensor]] = {}


def result_by_address(w: Tensor, x: Tensor) -> Tensor:
    key = (w.data_ptr(), x.data_ptr(), x.shape, x.stride(), x.dtype, x.requires_grad)
    if key not in _KNOWN:
        _KNOWN[key] = ((_columns(x) @ w).squeeze(1), w, x)
    return _KNOWN[key][0]  # stale after w has been trained in place


_BUFFERS: dict[tuple[object, ...], Tensor] = {}


def kept_under_no_grad(w: Tensor, x: Tensor) -> Tensor:
    yhat = (_columns(x) @ w).squeeze(1)
    if yhat.requires_grad:
        return yhat
    key = (x.shape, x.dtype, x.device)
    return _BUFFERS.setdefault(key, torch.empty_like(yhat)).copy_(yhat)  # one buffer for all


def other_order(w: Tensor, x: Tensor) -> Tensor:
    return (_columns(x) @ w.flip(0)).squeeze(1)  # swaps a and c
