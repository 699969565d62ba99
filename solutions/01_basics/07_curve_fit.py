"""Reference: features once, then one matrix product per step.

Fast: the features [n, 3] do not depend on w, so they are made before the loop: 18 ops per step
instead of 21. Right: `torch.randn` makes the start as a leaf with the dtype and on the device of x,
and predictions are [n] like y, so that the loss compares each point with its own y.
"""

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

HINTS = (
    "What in the loop does not depend on w? It can be made once, before the loop.",
    (
        "w is a leaf: `torch.randn(3, 1, ...)` with `requires_grad=True`, and with the dtype, "
        "device and generator that are asked for. In each step: zero_grad, loss, backward, step."
    ),
    (
        "`f = torch.stack((x * x, x, torch.ones_like(x)), 1)`, `opt = torch.optim.Adam([w], lr)`; "
        "in the loop the loss is `mse_loss((f @ w).squeeze(1), y)`; return `w.detach()`."
    ),
)

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
    },
}

ALTERNATIVES = {"fit": ("rebuilt_in_each_step", "by_hand", "by_module")}


def fit(
    x: Tensor,
    y: Tensor,
    steps: int = 1000,
    lr: float = 0.1,
    generator: torch.Generator | None = None,
) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)  # [n, 3]
    w = _start(x, generator)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss((f @ w).squeeze(1), y).backward()  # [n, 3] @ [3, 1] -> [n, 1] -> [n]
        optimizer.step()
    return w.detach()


def _start(x: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(
        3, 1, generator=generator, dtype=x.dtype, device=x.device, requires_grad=True
    )


def rebuilt_in_each_step(x, y, steps=1000, lr=0.1, generator=None):
    w = torch.nn.Parameter(x.new_empty(3, 1).uniform_(-1, 1, generator=generator))
    optimizer = torch.optim.Adam([w], lr=lr)
    for _ in range(steps):
        yhat = torch.stack((x * x, x, torch.ones_like(x)), 1) @ w
        loss = (yhat.squeeze(1) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return w.detach()


def by_hand(x, y, steps=1000, lr=0.1, generator=None):
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = torch.randn(3, 1, generator=generator, dtype=x.dtype, device=x.device)
    m, v = torch.zeros_like(w), torch.zeros_like(w)
    for t in range(1, steps + 1):
        g = f.mT @ (f @ w - y.unsqueeze(1)) * (2 / len(x))  # the gradient, on paper
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        w = w - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return w


def by_module(x, y, steps=1000, lr=0.1, generator=None):
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    line = torch.nn.Linear(3, 1, bias=False, dtype=x.dtype, device=x.device)
    torch.nn.init.uniform_(line.weight, generator=generator)
    optimizer = torch.optim.Adam(line.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss(line(f).flatten(), y).backward()
        optimizer.step()
    return line.weight.detach().mT


def copied_start(x, y, steps=1000, lr=0.1, generator=None):
    start = torch.randn(3, 1, generator=generator, dtype=x.dtype, device=x.device)
    w = torch.tensor(start, requires_grad=True)  # warns: a tensor of a tensor is a copy
    return _adam(w, x, y, steps, lr)


def _adam(w: Tensor, x: Tensor, y: Tensor, steps: int, lr: float) -> Tensor:
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss((f @ w).squeeze(1), y).backward()
        optimizer.step()
    return w.detach()


def a_column(x, y, steps=1000, lr=0.1, generator=None):
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = _start(x, generator)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        (f @ w - y).square().mean().backward()  # [n, 1] - [n] is [n, n]: all against all
        optimizer.step()
    return w.detach()


def gradients_pile_up(x, y, steps=1000, lr=0.1, generator=None):
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = _start(x, generator)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        mse_loss((f @ w).squeeze(1), y).backward()  # zero_grad is missing
        optimizer.step()
    return w.detach()


def plain_descent(x, y, steps=1000, lr=0.1, generator=None):
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = _start(x, generator)
    optimizer = torch.optim.SGD([w], lr)  # x^2 goes up to 100: such steps run away
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss((f @ w).squeeze(1), y).backward()
        optimizer.step()
    return w.detach()


def weight_decay(x, y, steps=1000, lr=0.1, generator=None):
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = _start(x, generator)
    optimizer = torch.optim.AdamW([w], lr)  # pulls w towards 0 in each step
    for _ in range(steps):
        optimizer.zero_grad()
        mse_loss((f @ w).squeeze(1), y).backward()
        optimizer.step()
    return w.detach()


def settings_ignored(x, y, steps=1000, lr=0.1, generator=None):  # noqa: ARG001
    return _adam(_start(x, generator), x, y, 1000, 0.1)  # steps and lr are there to be used


def seed_ignored(x, y, steps=1000, lr=0.1, generator=None):  # noqa: ARG001
    return _adam(_start(x, None), x, y, steps, lr)  # draws from the global generator, always


def weight_by_weight(x, y, steps=1000, lr=0.1, generator=None):
    w = _start(x, generator)
    optimizer = torch.optim.Adam([w], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        yhat = w[0, 0] * x**2 + w[1, 0] * x + w[2, 0]  # each index: two ops, and two backwards
        ((yhat - y) ** 2).mean().backward()
        optimizer.step()
    return w.detach()


def start_on_the_cpu(x, y, steps=1000, lr=0.1, generator=None):
    w = torch.randn(3, 1, generator=generator, dtype=x.dtype, requires_grad=True)
    return _adam(w, x, y, steps, lr)


def single_precision(x, y, steps=1000, lr=0.1, generator=None):
    w = torch.randn(3, 1, generator=generator, device=x.device, requires_grad=True)
    return _adam(w, x.float(), y.float(), steps, lr)


def with_a_graph(x, y, steps=1000, lr=0.1, generator=None):
    return _adam(_start(x, generator), x, y, steps, lr).requires_grad_()  # not detached
