"""Reference: hand the features to a solver for least squares.

Fast: a handful of ops instead of thousands. Right: `lstsq` factors F itself (by orthogonal
transformations, which leave lengths alone), so it loses digits with the condition of F; the normal
equations lose them with its square, which is more than float32 has.
"""

import torch
from torch import Tensor

HINTS = (
    "Which function of `torch.linalg` takes a matrix with more rows than columns?",
    "`torch.linalg.lstsq` solves F w = y as well as it can be solved; y has to be a column.",
    "`torch.linalg.lstsq(f, y.unsqueeze(1)).solution`, with f = [x^2, x, 1] of shape [n, 3].",
)

TRAPS = {
    "fit_exact": {
        "normal_equations": "stability",
        "by_inverse": "stability",
        "row_by_row": "speed",
        "two_hundred_steps": "values",
        "flat": "shape",
        "through_three_points": "values",
        "single_precision": "dtype",
        "ones_on_the_cpu": "device",
    },
}

ALTERNATIVES = {"fit_exact": ("by_qr", "by_pseudo_inverse", "in_more_digits")}


def fit_exact(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.lstsq(_features(x), y.unsqueeze(1)).solution  # [n, 3], [n, 1] -> [3, 1]


def _features(x: Tensor) -> Tensor:
    return torch.stack((x * x, x, torch.ones_like(x)), 1)


def by_qr(x: Tensor, y: Tensor) -> Tensor:
    q, r = torch.linalg.qr(_features(x))  # [n, 3] with columns at right angles, [3, 3] triangular
    return torch.linalg.solve_triangular(r, q.mT @ y.unsqueeze(1), upper=True)


def by_pseudo_inverse(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.pinv(_features(x)) @ y.unsqueeze(1)


def in_more_digits(x: Tensor, y: Tensor) -> Tensor:
    f = _features(x.double())  # where float64 is at hand, it has digits enough to lose half of them
    return torch.linalg.solve(f.mT @ f, f.mT @ y.double().unsqueeze(1)).to(x.dtype)


def normal_equations(x: Tensor, y: Tensor) -> Tensor:
    f = _features(x)
    return torch.linalg.solve(f.mT @ f, f.mT @ y.unsqueeze(1))  # f.mT @ f loses digits twice


def by_inverse(x: Tensor, y: Tensor) -> Tensor:
    f = _features(x)
    return torch.linalg.inv(f.mT @ f) @ (f.mT @ y.unsqueeze(1))  # the same loss, and more work


def row_by_row(x: Tensor, y: Tensor) -> Tensor:
    rows = [torch.stack((v * v, v, torch.ones_like(v))) for v in x]  # a Python loop over points
    return torch.linalg.lstsq(torch.stack(rows), y.unsqueeze(1)).solution


def two_hundred_steps(x: Tensor, y: Tensor) -> Tensor:
    f = _features(x)
    w = x.new_zeros(3, 1).requires_grad_()
    optimizer = torch.optim.Adam([w], lr=0.1)
    for _ in range(200):  # slow, and still far from the end
        optimizer.zero_grad()
        (f @ w - y.unsqueeze(1)).square().mean().backward()
        optimizer.step()
    return w.detach()


def flat(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.lstsq(_features(x), y.unsqueeze(1)).solution.squeeze(1)  # [3]


def through_three_points(x: Tensor, y: Tensor) -> Tensor:
    few = torch.stack((x.argmin(), x.abs().argmin(), x.argmax()))
    return torch.linalg.solve(_features(x[few]), y[few].unsqueeze(1))  # noise in three decides all


def single_precision(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.lstsq(_features(x.float()), y.float().unsqueeze(1)).solution


def ones_on_the_cpu(x: Tensor, y: Tensor) -> Tensor:
    f = torch.stack((x * x, x, torch.ones(len(x), dtype=x.dtype)), 1)
    return torch.linalg.lstsq(f, y.unsqueeze(1)).solution
