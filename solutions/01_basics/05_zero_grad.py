"""Reference: ask autograd for the gradient instead of collecting it in `.grad`.

Right: `torch.autograd.grad` returns this step's gradient and adds to nothing. The copy is detached
first, so it is a leaf of its own whatever the caller's w is; under `no_grad` the step itself is not
recorded, so the graph never grows beyond one step.
"""

from collections.abc import Callable

import torch
from torch import Tensor

HINTS = (
    "Print the gradient in each step: is it the gradient at this w, or a sum over all steps?",
    (
        "Either forget the old sum before each backward pass, or ask for the gradient itself. A "
        "copy of a tensor that requires grad is no leaf until it is detached."
    ),
    (
        "`w = w.detach().clone().requires_grad_()`, and `w.grad = None` after the step; or "
        "`(g,) = torch.autograd.grad(loss_fn(w), w)`."
    ),
)

Loss = Callable[[Tensor], Tensor]

TRAPS = {
    "sgd": {
        "piling_up": "values",
        "zeroed_too_early": "values",
        "on_the_original": "purity",
        "copy_with_a_past": "gradient",
        "alias_for_no_steps": "purity",
        "with_a_graph": "gradient",
        "momentum": "values",
    },
}

ALTERNATIVES = {"sgd": ("by_optimizer", "by_forgetting", "by_new_tensors")}


def sgd(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(loss_fn(w), w)
        with torch.no_grad():
            w -= lr * gradient
    return w.detach()


def by_optimizer(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_fn(w).backward()
        optimizer.step()
    return w.detach()


def by_forgetting(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = torch.nn.Parameter(w.detach().clone())
    for _ in range(steps):
        w.grad = None  # the next backward pass starts a new sum
        loss_fn(w).backward()
        w.data.sub_(w.grad, alpha=lr)
    return w.detach()


def by_new_tensors(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    slope = torch.func.grad(loss_fn)
    w = w.detach().clone()
    for _ in range(steps):
        w = w - lr * slope(w)
    return w


def piling_up(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        loss_fn(w).backward()  # adds to the gradients of all steps before
        with torch.no_grad():
            w -= lr * w.grad
    return w.detach()


def zeroed_too_early(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        loss_fn(w).backward()
        w.grad.zero_()  # before the step has used it: w never moves
        with torch.no_grad():
            w -= lr * w.grad
    return w.detach()


def on_the_original(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    mine = w.detach().requires_grad_()  # detached, yet the same memory
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(loss_fn(mine), mine)
        with torch.no_grad():
            mine -= lr * gradient
    return mine.detach().clone()


def copy_with_a_past(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.clone().requires_grad_()  # no leaf, if w requires grad: its .grad stays None
    for _ in range(steps):
        w.grad = None
        loss_fn(w).backward()
        with torch.no_grad():
            w -= lr * w.grad
    return w.detach()


def alias_for_no_steps(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach()
    for _ in range(steps):
        mine = w.requires_grad_()
        (gradient,) = torch.autograd.grad(loss_fn(mine), mine)
        w = w.detach() - lr * gradient
    return w  # after no step this is still the caller's memory


def with_a_graph(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(loss_fn(w), w)
        w.data -= lr * gradient
    return w  # still requires grad: whatever is computed from it keeps a graph


def momentum(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=lr, momentum=0.9)  # a part of the old gradients stays
    for _ in range(steps):
        optimizer.zero_grad()
        loss_fn(w).backward()
        optimizer.step()
    return w.detach()
