"""Reference: features once, then one matrix product per step.

Fast: the features [n, 3] do not depend on w, so they are computed before the loop. Inside the loop
they would cost three more ops per step. Correct: `torch.randn` creates the start as a leaf with the
dtype and on the device of x, and the predictions are [n] like y, so the loss compares each point
with its own y.
"""

import torch
from torch import Generator, Tensor
from torch.nn.functional import mse_loss


def _start(x: Tensor, generator: Generator | None) -> Tensor:
    return torch.randn(
        3, 1, generator=generator, dtype=x.dtype, device=x.device, requires_grad=True
    )


def fit(
    x: Tensor,
    y: Tensor,
    steps: int = 1000,
    lr: float = 0.1,
    generator: Generator | None = None,
) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)  # [n, 3]
    w = _start(x, generator)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss((f @ w).squeeze(1), y).backward()  # [n, 3] @ [3, 1] -> [n, 1] -> [n]
        optimizer.step()
    return w.detach()


HINTS = (
    "What in the loop does not depend on w? Compute it once, before the loop.",
    (
        "Create w with `torch.randn(3, 1, ...)`: with `requires_grad=True`, the dtype and device "
        "of x, and the generator. In each step: zero_grad, loss, backward, step."
    ),
    (
        "`f = torch.stack((x * x, x, torch.ones_like(x)), 1)`, `opt = torch.optim.Adam([w], lr)`; "
        "in the loop the loss is `mse_loss((f @ w).squeeze(1), y)`; return `w.detach()`."
    ),
)

EQUIVALENT = {
    "data in fit: (x * x, x, torch.ones_like(x)) -> (x.data * x, x, torch.ones_like(x))": (
        "the result is detached, so no gradient reaches the arguments"
    ),
    "data in fit: (x * x, x, torch.ones_like(x)) -> (x * x.data, x, torch.ones_like(x))": (
        "the result is detached, so no gradient reaches the arguments"
    ),
    "data in fit: torch.ones_like(x) -> torch.ones_like(x.data)": (
        "the result is detached, so no gradient reaches the arguments"
    ),
    "data in fit: _start(x, generator) -> _start(x.data, generator)": (
        "the result is detached, so no gradient reaches the arguments"
    ),
    "data in fit: mse_loss((f @ w).squeeze(1), y) -> mse_loss((f @ w).squeeze(1), y.data)": (
        "the result is detached, so no gradient reaches the arguments"
    ),
    "transposed if square in fit: x": "x and y are vectors",
    "transposed if square in fit: y": "x and y are vectors",
    "infinity limited in fit: x": "the square of the largest number is infinite, too",
    "method in _start: torch.randn -> torch.rand": (
        "any distribution with such a standard deviation is right"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"fit": ("rebuilt_in_each_step", "by_hand", "by_module")}


def rebuilt_in_each_step(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    w = torch.nn.Parameter(x.new_empty(3, 1).uniform_(-1, 1, generator=generator))
    optimizer = torch.optim.Adam([w], lr=lr)
    for _ in range(steps):
        yhat = torch.stack((x * x, x, torch.ones_like(x)), 1) @ w
        loss = (yhat.squeeze(1) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return w.detach()


def by_hand(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = torch.randn(3, 1, generator=generator, dtype=x.dtype, device=x.device)
    m, v = torch.zeros_like(w), torch.zeros_like(w)
    for t in range(1, steps + 1):
        g = f.mT @ (f @ w - y.unsqueeze(1)) * (2 / len(x))  # the gradient, derived by hand
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        w = w - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return w


def by_module(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    line = torch.nn.Linear(3, 1, bias=False, dtype=x.dtype, device=x.device)
    torch.nn.init.uniform_(line.weight, generator=generator)
    optimizer = torch.optim.Adam(line.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss(line(f).flatten(), y).backward()
        optimizer.step()
    return line.weight.detach().mT


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "fit": {
        "copied_start": "contract",
        "a_column": "values",
        "gradients_pile_up": "values",
        "plain_descent": "values",
        "weight_decay": "values",
        "settings_ignored": "values",
        "seed_ignored": "values",
        "weight_by_weight": "ops",
        "start_on_the_cpu": "device",
        "single_precision": "dtype",
        "with_a_graph": "gradient",
        "amsgrad": "values",
        "sum_of_squares": "values",
        "tiny_start": "values",
        "at_most_900_steps": "values",
        "result_by_address": "values",
    },
}


def _adam(w: Tensor, x: Tensor, y: Tensor, steps: int, lr: float) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss((f @ w).squeeze(1), y).backward()
        optimizer.step()
    return w.detach()


def copied_start(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    start = torch.randn(3, 1, generator=generator, dtype=x.dtype, device=x.device)
    w = torch.tensor(start, requires_grad=True)  # copies a tensor, and PyTorch warns about it
    return _adam(w, x, y, steps, lr)


def a_column(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = _start(x, generator)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        (f @ w - y).square().mean().backward()  # [n, 1] - [n] is [n, n]
        optimizer.step()
    return w.detach()


def gradients_pile_up(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = _start(x, generator)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        mse_loss((f @ w).squeeze(1), y).backward()  # without zero_grad, gradients accumulate
        optimizer.step()
    return w.detach()


def plain_descent(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = _start(x, generator)
    optimizer = torch.optim.SGD([w], lr)  # x^2 reaches 100, so steps of this size diverge
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss((f @ w).squeeze(1), y).backward()
        optimizer.step()
    return w.detach()


def weight_decay(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = _start(x, generator)
    optimizer = torch.optim.AdamW([w], lr)  # weight decay pulls w toward 0 in every step
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss((f @ w).squeeze(1), y).backward()
        optimizer.step()
    return w.detach()


def settings_ignored(
    x: Tensor,
    y: Tensor,
    steps: int = 1000,  # noqa: ARG001
    lr: float = 0.1,  # noqa: ARG001
    generator: Generator | None = None,
) -> Tensor:
    return _adam(_start(x, generator), x, y, 1000, 0.1)  # ignores steps and lr


def seed_ignored(
    x: Tensor,
    y: Tensor,
    steps: int = 1000,
    lr: float = 0.1,
    generator: Generator | None = None,  # noqa: ARG001
) -> Tensor:
    return _adam(_start(x, None), x, y, steps, lr)  # ignores `generator`


def weight_by_weight(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    w = _start(x, generator)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        yhat = w[0, 0] * x**2 + w[1, 0] * x + w[2, 0]  # each index: two ops forward, two backward
        ((yhat - y) ** 2).mean().backward()
        optimizer.step()
    return w.detach()


def start_on_the_cpu(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    # torch.randn without a device is on the CPU, wherever x is
    w = torch.randn(3, 1, generator=generator, dtype=x.dtype, requires_grad=True)
    return _adam(w, x, y, steps, lr)


def single_precision(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    w = torch.randn(3, 1, generator=generator, device=x.device, requires_grad=True)
    return _adam(w, x.float(), y.float(), steps, lr)  # float32 weights for a float64 x


def with_a_graph(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    return _adam(_start(x, generator), x, y, steps, lr).requires_grad_()  # still requires grad


def amsgrad(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = _start(x, generator)
    optimizer = torch.optim.Adam([w], lr, amsgrad=True)  # not the default settings
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss((f @ w).squeeze(1), y).backward()
        optimizer.step()
    return w.detach()


def sum_of_squares(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = _start(x, generator)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss((f @ w).squeeze(1), y, reduction="sum").backward()  # grows with n
        optimizer.step()
    return w.detach()


def tiny_start(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    w = (_start(x, generator).detach() * 1e-3).requires_grad_()  # nearly the same start every time
    return _adam(w, x, y, steps, lr)


def at_most_900_steps(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    return _adam(_start(x, generator), x, y, min(steps, 900), lr)


_KNOWN: dict[tuple[object, ...], Tensor] = {}


def result_by_address(
    x: Tensor, y: Tensor, steps: int = 1000, lr: float = 0.1, generator: Generator | None = None
) -> Tensor:
    w = _start(x, generator)
    key = (x.data_ptr(), y.data_ptr(), x.shape, steps, lr, *w.flatten().tolist())
    if key not in _KNOWN:
        _KNOWN[key] = _adam(w, x, y, steps, lr)
    return _KNOWN[key]  # stale if the caller has written new values into x or y
