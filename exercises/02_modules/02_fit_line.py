"""Modules 02: fit a line. Train a module with gradient descent, and read the loss only once.

Task
    Reading a number from a GPU tensor makes the CPU wait until the GPU has finished all its work.
    This happens in `.item()`, `float(t)`, `.tolist()`, `.numpy()`, `.cpu()`, `print(t)` and
    `if t > 0`. If you do it in every step of a training loop, it can cost more than the step.

    Train `net` so that net(x) approximates `y`: take `steps` steps of plain gradient descent (SGD
    without momentum) with learning rate `lr` on the mean squared error over all points. Return the
    loss of the last step, computed either before or after the last update.

    The checks use y = 5x + 3 + noise, usually at x = 0, 0.01, ..., 0.99. The noise is uniform in
    [0, 0.3), with mean 0.15, so the best intercept is near 3.15, not 3.

Shapes and units
    net       any module that maps [n] to [n], such as `Net` from linear_net
    x, y      [n]    float32 or float64, dtype and device of the parameters; n >= 1
    steps     int    at least 1
    lr        float
    return    float  a Python number, not a tensor

Rules
    Train all parameters that `net.parameters()` yields, in place, and make all `steps` steps.
    Ignore gradients that earlier training left in `net`. Do not modify `x` or `y`.

Budget
    at most 1 host synchronization (however many steps)

Hints
    1. Inside the loop, the loss can stay a tensor: you need its value only at the end.
    Levels 2 and 3: `nox -s hint -- fit_line`.
"""

import torch
from torch import Tensor, nn


def fit(net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01) -> float:
    raise NotImplementedError  # TODO: your code here
