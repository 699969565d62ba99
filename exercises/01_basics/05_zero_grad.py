"""Basics 05: zero grad. Walk downhill, one fresh gradient per step.

Task
    `sgd(loss_fn, w, lr, steps)` runs plain gradient descent: `steps` times
    w := w - lr * (gradient of loss_fn at w), on a copy of w. The code below runs and even gets
    the first step right. Find out what is wrong with the second one, and look at the other rules
    below too.

    A field `.grad` is a sum, not a value: every backward pass adds to what is there.

        >>> w = torch.ones(1, requires_grad=True)
        >>> for _ in range(3):
        ...     (2 * w).sum().backward()
        ...     print(w.grad)
        tensor([2.])
        tensor([4.])
        tensor([6.])

Shapes and units
    loss_fn    a function from a tensor of w's shape to a loss of shape []
    w          any shape, floats, any device; it may require grad
    lr         float, the length of a step relative to the gradient
    steps      int, at least 0; with 0 steps a copy of w comes back
    return     the shape, dtype and device of w, detached from every graph

Rules
    The caller's w stays as it is: its numbers, its grad, and whether it requires grad. The result
    shares no memory with it.

Budget
    No budget; one forward and one backward pass per step.

Hints
    1. Print the gradient in each step: is it the gradient at this w, or a sum over all steps?
    Levels 2 and 3: `nox -s hint -- zero_grad`.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def sgd(loss_fn: Callable[[Tensor], Tensor], w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.clone().requires_grad_()  # TODO: and if the caller's w requires grad?
    for _ in range(steps):
        loss_fn(w).backward()
        with torch.no_grad():
            w -= lr * w.grad  # TODO: what does w.grad hold in the second step?
    return w.detach()
