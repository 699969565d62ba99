"""Reference: one backward pass for all elements at once, on a private copy of x.

Right: since entry i of f(x) depends on x_i alone, the gradient of the sum is df/dx at every
element; no loop and no Jacobian is needed. `torch.autograd.grad` returns the gradients instead of
adding them to `.grad` fields, so nothing is left behind. `materialize_grads` gives zeros where x
has no part in the result.
"""

from collections.abc import Callable

import torch
from torch import Tensor

HINTS = (
    "The gradient of the sum of f(x) has the derivative of f at x_i as its entry i.",
    (
        "A detached x that requires grad is yours to differentiate. `create_graph=True` makes the "
        "first derivative differentiable; what if it has no graph?"
    ),
    (
        "`torch.autograd.grad(y.sum(), x, materialize_grads=True)` gives `(dy/dx,)`, with zeros "
        "where x takes no part; a y without a graph (`not y.requires_grad`) has the derivative 0."
    ),
)

Curve = Callable[[Tensor], Tensor]

TRAPS = {
    "derivative": {
        "by_backward": "purity",
        "marks_the_argument": "purity",
        "finite_differences": "values",
        "full_jacobian": "shape",
        "constants_forgotten": "values",
    },
    "second_derivative": {"graph_forgotten": "values", "square_of_first": "values"},
}

ALTERNATIVES = {
    "derivative": ("by_func", "by_vjp"),
    "second_derivative": ("twice_by_func", "first_of_first"),
}


def derivative(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()  # a new tensor on the same memory: x itself stays as it is
    return _slope(f(x), x)


def second_derivative(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    return _slope(_slope(f(x), x, graph=True), x)


def _slope(y: Tensor, x: Tensor, *, graph: bool = False) -> Tensor:
    if not y.requires_grad:
        return torch.zeros_like(x)  # y has forgotten x: a constant
    (slope,) = torch.autograd.grad(y.sum(), x, create_graph=graph, materialize_grads=True)
    return slope


def by_func(f: Curve, x: Tensor) -> Tensor:
    return torch.func.grad(lambda x: f(x).sum())(x.detach())


def by_vjp(f: Curve, x: Tensor) -> Tensor:
    return torch.autograd.functional.vjp(f, x.detach(), torch.ones_like(x))[1]


def twice_by_func(f: Curve, x: Tensor) -> Tensor:
    return by_func(torch.func.grad(lambda x: f(x).sum()), x)


def first_of_first(f: Curve, x: Tensor) -> Tensor:
    return derivative(lambda x: _slope(f(x), x, graph=True), x)


def by_backward(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    y = f(x)
    if y.requires_grad:
        y.sum().backward()  # fills .grad of everything that f uses: the next step counts it twice
    return torch.zeros_like(x) if x.grad is None else x.grad


def marks_the_argument(f: Curve, x: Tensor) -> Tensor:
    x.requires_grad_()  # from now on everything computed from x keeps a graph
    return _slope(f(x), x)


def finite_differences(f: Curve, x: Tensor) -> Tensor:
    step = 1e-3  # right to 3 digits in float32: f(x + step) and f(x - step) share the others
    return ((f(x + step) - f(x - step)) / (2 * step)).detach()


def full_jacobian(f: Curve, x: Tensor) -> Tensor:
    return torch.autograd.functional.jacobian(f, x.detach())  # every entry by every entry


def constants_forgotten(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]  # an error where f does not use x


def graph_forgotten(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    return _slope(_slope(f(x), x), x)  # the first derivative has no graph: zeros everywhere


def square_of_first(f: Curve, x: Tensor) -> Tensor:
    return derivative(f, x) ** 2  # (df/dx)^2 is not d2f/dx2
