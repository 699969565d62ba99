"""Reference: torch.optim.SGD, with the loss left on its device until the loop is over.

Fast: on a GPU the CPU only hands out work and runs ahead; the single `.item()` after the loop is
the one moment at which it waits. Right: gradients are cleared before each backward, so neither
an earlier step nor an earlier training counts.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

HINTS = (
    "Inside of the loop the loss can stay a tensor: nobody looks at it before the end.",
    (
        "Each step: clear the gradients, compute the loss, call its backward, let "
        "`torch.optim.SGD` step. Turn the loss into a number after the loop."
    ),
    (
        "`optimizer = torch.optim.SGD(net.parameters(), lr=lr)`; in the loop "
        "`optimizer.zero_grad()`, `loss = mse_loss(net(x), y)`, `loss.backward()`, "
        "`optimizer.step()`; after it `return loss.item()`."
    ),
)

TRAPS = {
    "fit": {
        "reads_every_step": "ops",
        "stops_when_good": "ops",
        "gradients_pile_up": "values",
        "clears_too_late": "values",
        "sums_the_errors": "values",
        "returns_a_tensor": "contract",
        "trains_a_copy": "contract",
    },
}

ALTERNATIVES = {"fit": ("by_hand", "keeps_all_losses")}


def fit(net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = mse_loss(net(x), y)  # [], stays where x is
        loss.backward()
        optimizer.step()
    return loss.item()


def by_hand(net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01) -> float:
    parameters = list(net.parameters())
    for _ in range(steps):
        loss = (net(x) - y).square().mean()
        gradients = torch.autograd.grad(loss, parameters)  # touches no .grad, so nothing to clear
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(gradient, alpha=lr)
    with torch.no_grad():
        return float((net(x) - y).square().mean())  # the loss after the last update


def keeps_all_losses(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, foreach=False)
    losses = x.new_empty(steps)  # on the device: a curve to plot later, at no wait
    optimizer.zero_grad(set_to_none=False)
    for step in range(steps):
        loss = mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses[step] = loss.detach()
    return losses.cpu().tolist()[-1]


def reads_every_step(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        history.append(loss.item())  # the CPU waits here, each time
    return history[-1]


def stops_when_good(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        if loss < 1e-9:  # an `if` on a tensor reads it too
            break
    return loss.item()


def gradients_pile_up(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        loss = mse_loss(net(x), y)
        loss.backward()  # adds to what the steps before have left
        optimizer.step()
    return loss.item()


def clears_too_late(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        loss = mse_loss(net(x), y)
        loss.backward()  # the first one adds to what was in net before
        optimizer.step()
        optimizer.zero_grad()
    return loss.item()


def sums_the_errors(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr / 100)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (net(x) - y).square().sum()  # grows with n: right steps at n = 100 only
        loss.backward()
        optimizer.step()
    return loss.item() / 100


def returns_a_tensor(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> Tensor:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
    return loss  # keeps the whole graph alive, and prints as tensor(..., grad_fn=...)


def trains_a_copy(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    return by_hand(copy.deepcopy(net), x, y, steps, lr)  # the caller's net learns nothing
