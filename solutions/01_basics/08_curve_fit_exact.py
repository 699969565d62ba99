"""Reference: pass the features to a least squares solver.

Fast: a few ops instead of thousands. Accurate: `lstsq` factors F itself with orthogonal
transformations, which preserve lengths, so its error grows with the condition number of F. The
error of the normal equations grows with the square of it, which is too much for float32.
"""

import torch
from torch import Tensor


def _features(x: Tensor) -> Tensor:
    return torch.stack((x * x, x, torch.ones_like(x)), 1)


def fit_exact(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.lstsq(_features(x), y.unsqueeze(1)).solution  # [n, 3], [n, 1] -> [3, 1]


HINTS = (
    "Which function in `torch.linalg` solves a system with more equations than unknowns?",
    "`torch.linalg.lstsq` finds the w for which F w is closest to y; y must be a column.",
    "`torch.linalg.lstsq(f, y.unsqueeze(1)).solution`, with f = [x^2, x, 1] of shape [n, 3].",
)

EQUIVALENT = {
    (
        "detach in _features: return torch.stack((x * x, x, torch.ones_like(x)), 1) -> return "
        "(torch.stack((x * x, x, torch.ones_like(x)), 1)).detach()"
    ): "the statement does not check gradients",
    (
        "data in _features: (x * x, x, torch.ones_like(x)) -> (x.data * x, x, torch.ones_like(x))"
    ): "the statement does not check gradients",
    (
        "data in _features: (x * x, x, torch.ones_like(x)) -> (x * x.data, x, torch.ones_like(x))"
    ): "the statement does not check gradients",
    "data in _features: torch.ones_like(x) -> torch.ones_like(x.data)": (
        "the statement does not check gradients"
    ),
    (
        "detach in fit_exact: return torch.linalg.lstsq(_features(x), y.unsqueeze(1)).solution -> "
        "return (torch.linalg.lstsq(_features(x), y.unsqueeze(1)).solution).detach()"
    ): "the statement does not check gradients",
    "data in fit_exact: _features(x) -> _features(x.data)": (
        "the statement does not check gradients"
    ),
    "data in fit_exact: y.unsqueeze -> y.data.unsqueeze": "the statement does not check gradients",
    "detached argument in fit_exact: x": "the statement does not check gradients",
    "detached argument in fit_exact: y": "the statement does not check gradients",
    "detached result in fit_exact: result": "the statement does not check gradients",
    "wrong for n == 1 in fit_exact: x": "n is at least 10",
    "detached for n == 1 in fit_exact: x": "n is at least 10",
    "wrong for n == 1 in fit_exact: y": "n is at least 10",
    "detached for n == 1 in fit_exact: y": "n is at least 10",
    "nan filtered in fit_exact: x": "the numbers are finite",
    "infinity limited in fit_exact: x": "the numbers are finite",
    "nan filtered in fit_exact: y": "the numbers are finite",
    "infinity limited in fit_exact: y": "the numbers are finite",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"fit_exact": ("by_qr", "by_pseudo_inverse", "in_more_digits")}


def by_qr(x: Tensor, y: Tensor) -> Tensor:
    q, r = torch.linalg.qr(_features(x))  # [n, 3] with orthonormal columns, [3, 3] triangular
    return torch.linalg.solve_triangular(r, q.mT @ y.unsqueeze(1), upper=True)


def by_pseudo_inverse(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.pinv(_features(x)) @ y.unsqueeze(1)


def in_more_digits(x: Tensor, y: Tensor) -> Tensor:
    f = _features(x.double())  # float64 can afford to lose half of its digits
    return torch.linalg.solve(f.mT @ f, f.mT @ y.double().unsqueeze(1)).to(x.dtype)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

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
        "first_thousand_points": "values",
        "result_by_address": "values",
        "zeroed_under_no_grad": "purity",
    },
}
WHY = {
    "through_three_points": (
        "Three points give one parabola, and three others give another one. The least-squares fit "
        "uses all points."
    ),
}


def normal_equations(x: Tensor, y: Tensor) -> Tensor:
    f = _features(x)
    return torch.linalg.solve(f.mT @ f, f.mT @ y.unsqueeze(1))  # squares the condition number


def by_inverse(x: Tensor, y: Tensor) -> Tensor:
    f = _features(x)
    return torch.linalg.inv(f.mT @ f) @ (f.mT @ y.unsqueeze(1))  # as inaccurate, and slower


def row_by_row(x: Tensor, y: Tensor) -> Tensor:
    rows = [torch.stack((v * v, v, torch.ones_like(v))) for v in x]  # a Python loop over all points
    return torch.linalg.lstsq(torch.stack(rows), y.unsqueeze(1)).solution


def two_hundred_steps(x: Tensor, y: Tensor) -> Tensor:
    f = _features(x)
    w = x.new_zeros(3, 1).requires_grad_()
    optimizer = torch.optim.Adam([w], lr=0.1)
    for _ in range(200):  # slow, and still far from the minimum
        optimizer.zero_grad()
        (f @ w - y.unsqueeze(1)).square().mean().backward()
        optimizer.step()
    return w.detach()


def flat(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.lstsq(_features(x), y.unsqueeze(1)).solution.squeeze(1)  # [3], not [3, 1]


def through_three_points(x: Tensor, y: Tensor) -> Tensor:
    few = torch.stack((x.argmin(), x.abs().argmin(), x.argmax()))
    return torch.linalg.solve(_features(x[few]), y[few].unsqueeze(1))  # ignores all other points


def single_precision(x: Tensor, y: Tensor) -> Tensor:
    # float32 weights for float64 points
    return torch.linalg.lstsq(_features(x.float()), y.float().unsqueeze(1)).solution


def ones_on_the_cpu(x: Tensor, y: Tensor) -> Tensor:
    # torch.ones without a device is on the CPU, wherever x is
    f = torch.stack((x * x, x, torch.ones(len(x), dtype=x.dtype)), 1)
    return torch.linalg.lstsq(f, y.unsqueeze(1)).solution


def first_thousand_points(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.lstsq(_features(x[:1000]), y[:1000].unsqueeze(1)).solution


_KNOWN: dict[tuple[object, ...], tuple[Tensor, Tensor, Tensor]] = {}


def result_by_address(x: Tensor, y: Tensor) -> Tensor:
    key = (x.data_ptr(), y.data_ptr(), x.shape, x.dtype)
    if key not in _KNOWN:
        _KNOWN[key] = (torch.linalg.lstsq(_features(x), y.unsqueeze(1)).solution, x, y)
    return _KNOWN[key][0]  # stale if the caller has written new values into x or y


def zeroed_under_no_grad(x: Tensor, y: Tensor) -> Tensor:
    w = torch.linalg.lstsq(_features(x), y.unsqueeze(1)).solution
    if not torch.is_grad_enabled():
        y.sub_(features_times(x, w))  # the residuals, written over the caller's y
    return w


def features_times(x: Tensor, w: Tensor) -> Tensor:
    return (_features(x) @ w).squeeze(1)
