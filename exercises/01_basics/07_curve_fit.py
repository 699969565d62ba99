"""Basics 07: curve fit. Find a parabola from its points, by gradient descent with Adam.

Task
    `fit(x, y)` finds weights w = [a, b, c] such that a*x^2 + b*x + c is near y. Start from random
    weights. In each step compute the mean squared error over all points, its gradient, and let
    Adam (`torch.optim.Adam`, with its usual settings but for lr) move w.

    Make the starting weights as leaves, not as copies. Wrapping random numbers once more copies
    them, and PyTorch warns about it:

        >>> torch.tensor(torch.randn(3, 1), requires_grad=True)
        UserWarning: To copy construct from a tensor, it is recommended to use ...
        >>> torch.randn(3, 1, requires_grad=True)           # the same, without the copy

Shapes and units
    x, y         [n]     float32 or float64, any device; the same dtype and device for both
    steps        int, at least 0; with 0 steps the random start comes back
    lr           float, Adam's learning rate
    generator    a torch.Generator on the device of x to draw the start from, or None for
                 PyTorch's global one
    return       [3, 1]  a, b, c in the dtype and on the device of x, detached from every graph

Rules
    With the usual steps and lr, for points of a parabola on [-10, 10] with n >= 50 and coefficients
    within +-8, the mean squared error has to come below 0.1 % of the variance of y. The start may
    have any distribution of a width of about 1. The same seed gives the same result. No warning
    is raised.

Budget
    at most 36 ops per step, all of them counted: forward, backward and Adam

Hints
    1. What in the loop does not depend on w? It can be made once, before the loop.
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
