"""Reference: stack three columns, multiply once, drop the last dim.

Fast: five ops whatever n is (multiply, ones, stack, matrix product, squeeze); weights taken one
by one cost eight. Right: the features do not depend on w, so a loop of training steps can make
them once; and [n] rather than [n, 1] comes back, which cannot broadcast against y.
"""

import torch
from torch import Tensor

HINTS = (
    "Three columns of length n, put side by side, make the matrix; then one product is enough.",
    (
        "`torch.stack` with a dim puts vectors side by side; `torch.ones_like` gives the last "
        "column. The product [n, 3] @ [3, 1] has a dim too many."
    ),
    "`torch.stack((x * x, x, torch.ones_like(x)), dim=1)` and `(features(x) @ w).squeeze(1)`.",
)

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

ALTERNATIVES = {
    "features": ("powers", "column_stacked"),
    "predict": ("horner", "by_mv"),
}


def features(x: Tensor) -> Tensor:
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)  # 3 x [n] -> [n, 3]


def predict(w: Tensor, x: Tensor) -> Tensor:
    return (_columns(x) @ w).squeeze(1)  # [n, 3] @ [3, 1] -> [n, 1] -> [n]


def _columns(x: Tensor) -> Tensor:
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def powers(x: Tensor) -> Tensor:
    exponents = torch.arange(2, -1, -1, device=x.device)  # 2, 1, 0
    return x.unsqueeze(1) ** exponents  # [n, 1] ** [3] -> [n, 3]


def column_stacked(x: Tensor) -> Tensor:
    x = x.unsqueeze(1)  # [n, 1]
    return torch.cat((x.square(), x, x.new_ones(x.shape)), 1)


def horner(w: Tensor, x: Tensor) -> Tensor:
    a, b, c = w.unbind()  # [1] each
    return (a * x + b) * x + c  # [n], by broadcasting [1] against [n]: five ops


def by_mv(w: Tensor, x: Tensor) -> Tensor:
    return torch.mv(_columns(x), w.view(3))


def rising_powers(x: Tensor) -> Tensor:
    return torch.stack((torch.ones_like(x), x, x * x), dim=1)  # 1, x, x^2: the other way round


def rows_instead(x: Tensor) -> Tensor:
    return torch.stack((x * x, x, torch.ones_like(x)))  # [3, n]


def ones_on_the_cpu(x: Tensor) -> Tensor:
    return torch.stack((x * x, x, torch.ones(len(x), dtype=x.dtype)), dim=1)


def number_by_number(x: Tensor) -> Tensor:
    rows = [[v * v, v, 1.0] for v in x.tolist()]  # numbers of Python have no gradient
    return torch.tensor(rows, dtype=x.dtype, device=x.device).reshape(-1, 3)


def vandermonde(x: Tensor) -> Tensor:
    return torch.vander(x, N=3)  # the right numbers, but torch 2.13 cannot differentiate it


def a_column(w: Tensor, x: Tensor) -> Tensor:
    return _columns(x) @ w  # [n, 1]: against y of shape [n] this becomes a table of [n, n]


def squeezed_too_far(w: Tensor, x: Tensor) -> Tensor:
    return (_columns(x) @ w).squeeze()  # for n = 1 this drops the n as well


def weight_by_weight(w: Tensor, x: Tensor) -> Tensor:
    return w[0] * x**2 + w[1] * x + w[2]  # each w[i] is an op of its own


def other_order(w: Tensor, x: Tensor) -> Tensor:
    return (_columns(x) @ w.flip(0)).squeeze(1)  # takes c for a
