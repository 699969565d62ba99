"""Basics 04: derivative. Let autograd differentiate a function, once and twice.

Task
    Training needs the gradient of a loss, and some losses contain derivatives of the model itself.
    `derivative(f, x)` returns df/dx at every element of x, and `second_derivative(f, x)` returns
    d2f/dx2, both computed with autograd. The function f is elementwise: entry i of f(x) depends
    only on entry i of x. It may be a composition, because autograd applies the chain rule:

        >>> u = lambda x: x * x
        >>> g = lambda u: -u
        >>> derivative(lambda x: g(u(x)), torch.tensor(1.0))       # -2x at x = 1
        tensor(-2.)

    Return zeros if autograd finds no path from the result back to x: a constant has the derivative
    0, and a straight line has the second derivative 0.

Shapes and units
    f         a function from a tensor to a tensor of the same shape, dtype and device
    x         any shape, float32 or float64, any device; may require grad; sizes may be 0
    return    shape, dtype and device of x; with or without a graph

Rules
    Use `torch.autograd.grad`. Each call runs f once, and `derivative` runs one backward pass. No
    side effects: x.grad and x.requires_grad stay as they are, and no tensor that f uses gets a
    `.grad`.

Budget
    No budget.

Hints
    1. Entry i of the gradient of `f(x).sum()` is the derivative of f at x_i.
    Levels 2 and 3: `nox -s hint -- derivative`.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def derivative(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def second_derivative(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
