"""Basics 04: derivative. Let autograd differentiate a function, once and twice.

Task
    `derivative(f, x)` returns df/dx at every element of x, and `second_derivative(f, x)` returns
    d2f/dx2. The function f works element by element: entry i of f(x) depends on entry i of x and
    on no other. It may be a chain of functions, for autograd follows the chain rule:

        >>> u = lambda x: x * x
        >>> g = lambda u: -u
        >>> derivative(lambda x: g(u(x)), torch.tensor(1.0))       # -2x at x = 1
        tensor(-2.)

    A function may run out of x: a straight line has the second derivative 0, and a constant has
    the first derivative 0. Then autograd sees no way back to x; the answer is zeros all the same.

Shapes and units
    f         a function from a tensor to a tensor of the same shape, dtype and device
    x         any shape, floats, any device; it may require grad
    return    the shape, dtype and device of x; with or without a graph, as you like

Rules
    Use `torch.autograd.grad`. Nobody may notice the call: x and x.grad stay as they are, x requires
    grad afterwards if and only if it did before, and no tensor that f uses gets a `.grad`.

Budget
    No budget; `derivative` runs f once, forwards and backwards.

Hints
    1. The gradient of the sum of f(x) has the derivative of f at x_i as its entry i.
    Levels 2 and 3: `nox -s hint -- derivative`.
"""

from collections.abc import Callable

from torch import Tensor


def derivative(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def second_derivative(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
