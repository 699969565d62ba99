"""Reference: stack three columns, multiply once, remove the last dimension.

Fast: five ops for every n (multiply, ones, stack, matrix product, squeeze). Indexing the weights
one by one takes eight, because each index is an op. Correct: the result is [n], not [n, 1], so
subtracting y does not broadcast it to [n, n]. Reusable: the features do not depend on w, so a
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

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "features": ("powers", "column_stacked"),
    "predict": ("horner", "by_mv"),
}


def powers(x: Tensor) -> Tensor:
    exponents = torch.arange(2, -1, -1, device=x.device)  # 2, 1, 0
    return x.unsqueeze(1) ** exponents  # [n, 1] ** [3] -> [n, 3]


def column_stacked(x: Tensor) -> Tensor:
    x = x.unsqueeze(1)  # [n, 1]
    return torch.cat((x.square(), x, x.new_ones(x.shape)), 1)


def horner(w: Tensor, x: Tensor) -> Tensor:
    a, b, c = w.unbind()  # [1] each
    return (a * x + b) * x + c  # [1] broadcasts against [n]; five ops in all


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
    },
    "predict": {
        "a_column": "shape",
        "squeezed_too_far": "shape",
        "weight_by_weight": "ops",
        "other_order": "values",
    },
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


def a_column(w: Tensor, x: Tensor) -> Tensor:
    return _columns(x) @ w  # [n, 1]: broadcasts against a y of shape [n] to [n, n]


def squeezed_too_far(w: Tensor, x: Tensor) -> Tensor:
    return (_columns(x) @ w).squeeze()  # for n = 1 this also removes the first dimension


def weight_by_weight(w: Tensor, x: Tensor) -> Tensor:
    return w[0] * x**2 + w[1] * x + w[2]  # each w[i] is one more op


def other_order(w: Tensor, x: Tensor) -> Tensor:
    return (_columns(x) @ w.flip(0)).squeeze(1)  # swaps a and c
