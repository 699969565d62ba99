"""Reference: torch.optim.SGD, with the loss left on its device until the loop has ended.

Fast: on a GPU, the CPU queues the work of all steps without waiting. It waits only once, in the
`.item()` after the loop. Correct: the gradients are cleared before each backward pass, so neither
earlier steps nor earlier training affect a step. Measured: on y = 5x + 3 + noise in [0, 0.3),
10,000 steps with lr=0.01 ended at a = 5.017, b = 3.138 and a loss of 0.0077.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss


def fit(net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = mse_loss(net(x), y)  # [], stays where x is
        loss.backward()
        optimizer.step()
    return loss.item()


HINTS = (
    "Inside the loop, the loss can stay a tensor: you need its value only at the end.",
    (
        "In each step, clear the gradients, compute the loss, call its `backward`, and call `step` "
        "of a `torch.optim.SGD`. Convert the loss to a number after the loop."
    ),
    (
        "`optimizer = torch.optim.SGD(net.parameters(), lr=lr)`; in the loop "
        "`optimizer.zero_grad()`, `loss = mse_loss(net(x), y)`, `loss.backward()`, "
        "`optimizer.step()`; after it `return loss.item()`."
    ),
)

EQUIVALENT = {
    "data in fit: mse_loss(net(x), y) -> mse_loss(net(x.data), y)": (
        "the result is a number, so no gradient reaches the data"
    ),
    "data in fit: mse_loss(net(x), y) -> mse_loss(net(x), y.data)": (
        "the result is a number, so no gradient reaches the data"
    ),
    "transposed if square in fit: x": "x and y are vectors",
    "transposed if square in fit: y": "x and y are vectors",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"fit": ("by_hand", "keeps_all_losses")}


def by_hand(net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01) -> float:
    parameters = list(net.parameters())
    for _ in range(steps):
        loss = (net(x) - y).square().mean()
        gradients = torch.autograd.grad(loss, parameters)  # does not touch .grad: nothing to clear
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(gradient, alpha=lr)
    with torch.no_grad():
        return float((net(x) - y).square().mean())  # the loss after the last update


def keeps_all_losses(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, foreach=False)
    losses = x.new_empty(steps)  # a loss curve on the device, so no step has to wait
    optimizer.zero_grad(set_to_none=False)
    for step in range(steps):
        loss = mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses[step] = loss.detach()
    return losses.cpu().tolist()[-1]


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "fit": {
        "reads_every_step": "ops",
        "stops_when_good": "ops",
        "gradients_pile_up": "values",
        "clears_too_late": "values",
        "sums_the_errors": "values",
        "returns_a_tensor": "contract",
        "trains_a_copy": "contract",
        "weight_decay": "values",
        "at_most_5000_steps": "values",
        "clipped": "values",
        "nan_hidden": "values",
    },
}
WHY = {
    "sums_the_errors": (
        "The sum of the squared errors grows with the number of points, and so do the steps. Use "
        "the mean."
    ),
}


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
        history.append(loss.item())  # the CPU waits here in each step
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
        if loss < 1e-9:  # `if` on a tensor reads its value too
            break
    return loss.item()


def gradients_pile_up(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        loss = mse_loss(net(x), y)
        loss.backward()  # adds to the gradients of all earlier steps
        optimizer.step()
    return loss.item()


def clears_too_late(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        loss = mse_loss(net(x), y)
        loss.backward()  # the first call adds to gradients of earlier training
        optimizer.step()
        optimizer.zero_grad()
    return loss.item()


def sums_the_errors(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr / 100)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (net(x) - y).square().sum()  # grows with n, so lr is right for n = 100 only
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
    return loss  # a tensor with its graph, not a float


def trains_a_copy(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    return by_hand(copy.deepcopy(net), x, y, steps, lr)  # the caller's net is not trained


def weight_decay(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, weight_decay=1e-4)  # not plain descent
    for _ in range(steps):
        optimizer.zero_grad()
        loss = mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()


def at_most_5000_steps(
    net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01
) -> float:
    return by_hand(net, x, y, min(steps, 5000), lr)


def clipped(net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01) -> float:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = mse_loss(net(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 100.0)  # shorter steps far from the minimum
        optimizer.step()
    return loss.item()


def nan_hidden(net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01) -> float:
    return by_hand(net, x, y.nan_to_num(), steps, lr)  # trains on zeros where y is nan
