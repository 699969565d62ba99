"""Reference: one backward pass for all elements, through a detached x.

Correct: entry i of f(x) depends only on x_i, so the gradient of the sum is df/dx at every element,
without a loop or a Jacobian. `torch.autograd.grad` returns gradients instead of adding them to
`.grad`, so there are no side effects. `materialize_grads` gives zeros if the result does not depend
on x.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Curve = Callable[[Tensor], Tensor]


def _slope(y: Tensor, x: Tensor, *, graph: bool = False) -> Tensor:
    if not y.requires_grad:
        return torch.zeros_like(x)  # y has no graph, so it does not depend on x
    (slope,) = torch.autograd.grad(y.sum(), x, create_graph=graph, materialize_grads=True)
    return slope


def derivative(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()  # a new tensor, so the caller's x stays as it is
    return _slope(f(x), x)


def second_derivative(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    return _slope(_slope(f(x), x, graph=True), x)


HINTS = (
    "Entry i of the gradient of `f(x).sum()` is the derivative of f at x_i.",
    (
        "Detach x first, then let the detached tensor require grad. `create_graph=True` makes the "
        "first derivative differentiable. What if the first derivative has no graph?"
    ),
    (
        "`torch.autograd.grad(y.sum(), x, materialize_grads=True)` returns `(dy/dx,)`, with zeros "
        "if y does not depend on x. If y has no graph (`not y.requires_grad`), return zeros."
    ),
)

EQUIVALENT = {
    "default in _slope: graph: bool = False -> graph: bool = True": (
        "the result may have a graph or none"
    ),
    "detach in derivative: return _slope(f(x), x) -> return (_slope(f(x), x)).detach()": (
        "the result may have a graph or none"
    ),
    (
        "detach in second_derivative: return _slope(_slope(f(x), x, graph=True), x) -> return "
        "(_slope(_slope(f(x), x, graph=True), x)).detach()"
    ): "the result may have a graph or none",
    "detached for n == 1 in derivative: x": "the result may have a graph or none",
    "detached result in derivative: result": "the result may have a graph or none",
    "detached for n == 1 in second_derivative: x": "the result may have a graph or none",
    "detached result in second_derivative: result": "the result may have a graph or none",
    "detach in _slope: return torch.zeros_like(x) -> return (torch.zeros_like(x)).detach()": (
        "zeros have no graph in any case"
    ),
    "data in _slope: torch.zeros_like(x) -> torch.zeros_like(x.data)": (
        "zeros have no graph in any case"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "derivative": ("by_grad_outputs", "from_a_clone"),
    "second_derivative": ("first_of_first", "with_a_zero_term"),
}


def by_grad_outputs(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().clone().requires_grad_()
    y = f(x)
    if not y.requires_grad:
        return torch.zeros_like(x)
    (slope,) = torch.autograd.grad(y, x, torch.ones_like(y), allow_unused=True)
    return torch.zeros_like(x) if slope is None else slope


def from_a_clone(f: Curve, x: Tensor) -> Tensor:
    x = x.clone().detach().requires_grad_()
    y = f(x) + 0 * x  # now y depends on x in any case
    return torch.autograd.grad(y.sum(), x)[0]


def first_of_first(f: Curve, x: Tensor) -> Tensor:
    return derivative(lambda x: _slope(f(x), x, graph=True), x)


def with_a_zero_term(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    (first,) = torch.autograd.grad((f(x) + 0 * x).sum(), x, create_graph=True)
    return torch.autograd.grad((first + 0 * x).sum(), x)[0]


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "derivative": {
        "by_backward": "purity",
        "marks_the_argument": "purity",
        "finite_differences": "values",
        "full_jacobian": "shape",
        "constants_forgotten": "values",
        "evaluates_three_times": "contract",
        "element_by_element": "contract",
        "nan_hidden": "values",
        "first_result_again": "values",
        "zeros_in_float32": "dtype",
    },
    "second_derivative": {"graph_forgotten": "values", "square_of_first": "values"},
}
WHY = {
    "square_of_first": "The square of the first derivative is not the second derivative.",
    "full_jacobian": (
        (
            "The Jacobian contains the derivative of every entry with respect to every other one. "
            "Only its diagonal is wanted: differentiate the sum."
        ),
        "jacobian",
    ),
    "constants_forgotten": (
        (
            "If f does not use x, autograd has no gradient to return. `materialize_grads=True` "
            "gives zeros instead."
        ),
        r"\bgrad\(",
    ),
}


def by_backward(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    y = f(x)
    if y.requires_grad:
        y.sum().backward()  # also adds to .grad of every parameter that f uses
    return torch.zeros_like(x) if x.grad is None else x.grad


def marks_the_argument(f: Curve, x: Tensor) -> Tensor:
    x.requires_grad_()  # now everything computed from the caller's x builds a graph
    return _slope(f(x), x)


def finite_differences(f: Curve, x: Tensor) -> Tensor:
    step = 1e-3  # cancellation leaves about 3 correct digits in float32
    return ((f(x + step) - f(x - step)) / (2 * step)).detach()


def full_jacobian(f: Curve, x: Tensor) -> Tensor:
    return torch.autograd.functional.jacobian(f, x.detach())  # [n, n] for an x of shape [n]


def constants_forgotten(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]  # raises an error if f does not use x


def evaluates_three_times(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    if not f(x).requires_grad:
        return torch.zeros_like(x)
    return _slope(f(x) * torch.ones_like(f(x)), x)  # three forward passes where one is enough


def element_by_element(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    y = f(x)
    out = torch.zeros_like(x)
    if y.requires_grad:
        for entry in y.flatten():  # one backward pass per element
            (slope,) = torch.autograd.grad(entry, x, retain_graph=True, materialize_grads=True)
            out += slope
    return out


def nan_hidden(f: Curve, x: Tensor) -> Tensor:
    return by_grad_outputs(f, x).nan_to_num()  # hides where f has no derivative


_KNOWN: dict[tuple[object, ...], Tensor] = {}


def first_result_again(f: Curve, x: Tensor) -> Tensor:
    key = (f, x.data_ptr(), x.shape, x.dtype)
    if key not in _KNOWN:
        _KNOWN[key] = _slope(f(z := x.detach().requires_grad_()), z)
    return _KNOWN[key]  # stale if x has other values now


def zeros_in_float32(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    y = f(x)
    if not y.requires_grad:
        return torch.zeros(x.shape, device=x.device)  # the default dtype, whatever x has
    return _slope(y, x)


def graph_forgotten(f: Curve, x: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    return _slope(_slope(f(x), x), x)  # without create_graph there is nothing to differentiate


def square_of_first(f: Curve, x: Tensor) -> Tensor:
    return derivative(f, x) ** 2  # (df/dx)^2 is not d2f/dx2
