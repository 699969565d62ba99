"""Basics 05: zero grad. Run gradient descent with a fresh gradient in every step.

Task
    A training loop that forgets to reset its gradients still runs, but it trains badly.
    `sgd(loss_fn, w, lr, steps)` runs plain gradient descent on a copy of w: `steps` updates
    w = w - lr * g, where g is the gradient of loss_fn at w. The code below gets the first step
    right, but not the second. Fix that, and make the code follow the rules below.

    `.grad` accumulates: every backward pass adds to what is already there.

        w = torch.ones(1, requires_grad=True)
        for _ in range(3):
            (2 * w).sum().backward()  # w.grad is 2, then 4, then 6

Shapes and units
    loss_fn    a function from a tensor with the shape of w to a loss of shape []
    w          any shape, float32 or float64, any device; may require grad; sizes may be 0
    lr         float, the learning rate
    steps      int, at least 0; with 0 steps, return a copy of w
    return     shape, dtype and device of w; does not require grad

Rules
    Do not modify the caller's w: its values, its grad and its requires_grad stay as they are. The
    result shares no memory with it. Evaluate `loss_fn` once per step.

Budget
    No budget.

Hints
    1. Print the gradient in each step. Is it the gradient at the current w, or a sum over steps?
    Levels 2 and 3: `nox -s hint -- zero_grad`.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def sgd(loss_fn: Callable[[Tensor], Tensor], w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.clone().requires_grad_()  # TODO: what if the caller's w requires grad?
    for _ in range(steps):
        loss_fn(w).backward()
        with torch.no_grad():
            w -= lr * w.grad  # TODO: what does w.grad hold in the second step?
    return w.detach()
