"""Reference: let autograd return the gradient instead of accumulating it in `.grad`.

Correct: `torch.autograd.grad` returns the gradient of this step only. The copy is detached, so it
is a leaf even if the caller's w requires grad. Under `no_grad` the update is not recorded, so the
graph never spans more than one step.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[[Tensor], Tensor]


def sgd(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(loss_fn(w), w)
        with torch.no_grad():
            w -= lr * gradient
    return w.detach()


HINTS = (
    "Print the gradient in each step. Is it the gradient at the current w, or a sum over steps?",
    (
        "Either reset `.grad` before each backward pass, or use a function that returns the "
        "gradient. The clone of a tensor that requires grad is not a leaf unless you detach it."
    ),
    (
        "`w = w.detach().clone().requires_grad_()`, and `w.grad = None` after each step; or "
        "`(g,) = torch.autograd.grad(loss_fn(w), w)`."
    ),
)

EQUIVALENT = {
    "dropped detach in sgd: w.detach() -> w": "the graph of the copy is cut off at the end",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"sgd": ("by_optimizer", "by_forgetting", "by_new_tensors")}


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
        w.grad = None  # the next backward pass starts from zero
        loss_fn(w).backward()
        w.data.sub_(w.grad, alpha=lr)
    return w.detach()


def by_new_tensors(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    slope = torch.func.grad(loss_fn)
    w = w.detach().clone()
    for _ in range(steps):
        w = w - lr * slope(w)
    return w


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "sgd": {
        "piling_up": "values",
        "zeroed_too_early": "values",
        "on_the_original": "purity",
        "copy_with_a_past": "gradient",
        "alias_for_no_steps": "purity",
        "with_a_graph": "gradient",
        "momentum": "values",
        "nan_hidden": "values",
        "clipped": "values",
        "at_most_100_steps": "values",
        "result_by_address": "values",
        "kept_result": "purity",
    },
}
WHY = {
    "momentum": (
        "Momentum adds the steps before to each step. Plain gradient descent uses the current "
        "gradient only."
    ),
}


def piling_up(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        loss_fn(w).backward()  # adds to the gradients of all previous steps
        with torch.no_grad():
            w -= lr * w.grad
    return w.detach()


def zeroed_too_early(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        loss_fn(w).backward()
        w.grad.zero_()  # before the update uses it, so w never changes
        with torch.no_grad():
            w -= lr * w.grad
    return w.detach()


def on_the_original(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    mine = w.detach().requires_grad_()  # detached, but still the caller's memory
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(loss_fn(mine), mine)
        with torch.no_grad():
            mine -= lr * gradient
    return mine.detach().clone()


def copy_with_a_past(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.clone().requires_grad_()  # not a leaf if w requires grad, so .grad stays None
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
    return w  # with 0 steps this is still the caller's memory


def with_a_graph(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(loss_fn(w), w)
        w.data -= lr * gradient
    return w  # still requires grad, so everything computed from it builds a graph


def momentum(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=lr, momentum=0.9)  # mixes in gradients of previous steps
    for _ in range(steps):
        optimizer.zero_grad()
        loss_fn(w).backward()
        optimizer.step()
    return w.detach()


def nan_hidden(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(loss_fn(w), w)
        with torch.no_grad():
            w -= lr * gradient.nan_to_num()  # hides that the training has failed
    return w.detach()


def clipped(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(loss_fn(w), w)
        with torch.no_grad():
            w -= lr * gradient.clamp(-1e3, 1e3)  # shorter steps than plain gradient descent
    return w.detach()


def at_most_100_steps(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    return by_optimizer(loss_fn, w, lr, min(steps, 100))


_KNOWN: dict[tuple[object, ...], Tensor] = {}


def result_by_address(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    key = (loss_fn, w.data_ptr(), w.shape, w.dtype, lr, steps)
    if key not in _KNOWN:
        _KNOWN[key] = by_optimizer(loss_fn, w, lr, steps)
    return _KNOWN[key].clone()  # stale if the caller has trained w since


_RESULTS: dict[object, Tensor] = {}


def kept_result(loss_fn: Loss, w: Tensor, lr: float, steps: int) -> Tensor:
    end = by_optimizer(loss_fn, w, lr, steps)
    key = (w.shape, w.dtype, w.device)
    return _RESULTS.setdefault(key, torch.empty_like(end)).copy_(end)  # one buffer for all results
