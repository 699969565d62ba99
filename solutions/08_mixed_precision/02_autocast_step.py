"""Reference: autocast of x's own device type around the forward pass and the loss, nothing else.

Right: the backward pass needs no autocast, for each gradient has the dtype of its operation; the
weights' gradients arrive in float32, because the cast of a weight to 16 bits is an operation too,
and its gradient casts back. Portable: the device type is read from x.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

HINTS = (
    "A tensor knows where it lies. Ask it, instead of naming a device.",
    "`x.device.type` is what autocast wants. Which two lines make the loss? Only they go inside.",
    "`with torch.autocast(x.device.type): loss = loss_fn(model(x), y)`; the rest stands below it.",
)

TRAPS = {
    "train_step": {
        "always_cpu": "device",
        "always_bfloat16": "device",
        "backward_inside": "gradient",
        "loss_outside": "dtype",
        "converted_model": "dtype",
        "stale_gradients": "gradient",
        "cleared_afterwards": "gradient",
        "attached_loss": "contract",
        "left_on": "purity",
        "loss_on_the_cpu": "device",
    },
}

ALTERNATIVES = {"train_step": ("forward_as_function", "switched_off_again", "by_closure")}

Loss = Callable[[Tensor, Tensor], Tensor]
Optimizer = torch.optim.Optimizer


def train_step(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    with torch.autocast(x.device.type):
        loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


def forward_as_function(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    @torch.autocast(x.device.type)  # a decorator as well
    def forward() -> Tensor:
        return loss_fn(model(x), y)

    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    loss = forward()
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()
    return loss.detach()


def switched_off_again(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    low = torch.get_autocast_dtype(x.device.type)
    with torch.autocast(x.device.type, dtype=low):
        loss = loss_fn(model(x), y)
        with torch.autocast(x.device.type, enabled=False):
            model.zero_grad(set_to_none=False)
            loss.backward()
            optimizer.step()
    return loss.clone().detach_()


def by_closure(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    def closure() -> Tensor:
        optimizer.zero_grad()
        with torch.autocast(x.device.type):
            loss = loss_fn(model(x), y)
        loss.backward()
        return loss

    return optimizer.step(closure).detach()  # the optimizer calls it, and returns its result


def always_cpu(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    with torch.autocast("cpu"):  # the same fault with another device
        loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


def always_bfloat16(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    with torch.autocast(x.device.type, dtype=torch.bfloat16):  # each device has its own default
        loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


def backward_inside(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    with torch.autocast(x.device.type):
        loss = loss_fn(model(x), y)
        loss.backward()  # often harmless, yet a hand-written backward is cast here too
    optimizer.step()
    return loss.detach()


def loss_outside(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    with torch.autocast(x.device.type):
        output = model(x)
    loss = loss_fn(output, y)  # a loss that sums 16-bit numbers is not lifted to float32 here
    loss.backward()
    optimizer.step()
    return loss.detach()


def converted_model(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    low = torch.get_autocast_dtype(x.device.type)
    optimizer.zero_grad()
    model.to(low)  # small updates are lost: 1 + 0.001 is 1 in bfloat16
    with torch.autocast(x.device.type):
        loss = loss_fn(model(x.to(low)), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


def stale_gradients(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    with torch.autocast(x.device.type):
        loss = loss_fn(model(x), y)
    loss.backward()  # adds to whatever was there
    optimizer.step()
    return loss.detach()


def cleared_afterwards(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    with torch.autocast(x.device.type):
        loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()  # nobody can log the gradients' norm any more
    return loss.detach()


def attached_loss(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    with torch.autocast(x.device.type):
        loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss  # a list of such losses keeps every step's graph


def left_on(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor) -> Tensor:
    loss = forward_as_function(model, optimizer, loss_fn, x, y)
    # For the next step; but the caller may have other plans.
    torch.set_autocast_enabled(device_type=x.device.type, enabled=True)
    return loss


def loss_on_the_cpu(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    return by_closure(model, optimizer, loss_fn, x, y).cpu()  # waits until the step is done
