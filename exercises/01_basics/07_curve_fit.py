"""Basics 07: curve fit. Fit a parabola to points with Adam.

Task
    Even a small regression needs a complete training loop. `fit(x, y)` finds weights w = [a, b, c]
    such that a*x^2 + b*x + c is close to y. Start from random weights. In each step, compute the
    mean squared error over all points and its gradient, and let `torch.optim.Adam` (with default
    settings except for lr) update w.

    Create the starting weights directly, not as a copy of another tensor:

        torch.randn(3, 1, requires_grad=True)                  # no copy, no warning
        torch.tensor(torch.randn(3, 1), requires_grad=True)    # copies, and PyTorch warns about it

Shapes and units
    x, y         [n]     float32 or float64, any device; same dtype and device for both; n >= 1
    steps        int, at least 0; with 0 steps, return the random start
    lr           float, Adam's learning rate
    generator    the torch.Generator to draw the start from, on the device of x, or None for
                 PyTorch's global generator
    return       [3, 1]  a, b, c; dtype and device of x, does not require grad

Rules
    With the default steps and lr, the mean squared error must fall below 0.1% of the variance of y
    for n >= 50 points of a parabola on [-10, 10] with coefficients within +-8. The starting weights
    are independent, from any distribution with a standard deviation between 0.1 and 5. The same
    seed gives the same result. Do not modify x and y. Raise no warnings.

Budget
    An op is one call that reaches PyTorch's dispatcher.
    at most 32 ops per step, not counting views: forward pass, backward pass and Adam together

Hints
    1. What in the loop does not depend on w? Compute it once, before the loop.
    Levels 2 and 3: `nox -s hint -- curve_fit`.
"""

import torch
from torch import Tensor


def fit(
    x: Tensor,
    y: Tensor,
    steps: int = 1000,
    lr: float = 0.1,
    generator: torch.Generator | None = None,
) -> Tensor:
    raise NotImplementedError  # TODO: your code here
