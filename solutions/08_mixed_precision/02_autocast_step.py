"""Reference: autocast for the device type of x, around the forward pass and the loss only.

Correct: the backward pass needs no autocast, because each gradient has the dtype of its forward
operation. The gradients of the weights are float32: casting a weight to 16 bits is an operation
too, and its backward pass casts the gradient back. Portable: the device type is read from x.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

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


HINTS = (
    "A tensor knows its device. Use that instead of a fixed name.",
    "`torch.autocast` takes `x.device.type`. Only the model and the loss belong in its block.",
    (
        "`with torch.autocast(x.device.type): loss = loss_fn(model(x), y)`; everything else is "
        "outside."
    ),
)

EQUIVALENT = {
    "data in train_step: loss_fn(model(x), y) -> loss_fn(model(x), y.data)": "y needs no gradient",
    "infinity limited in train_step: x": "x is finite",
    "wrong in float64 in train_step: result": "all tensors are float32",
    "data in train_step: model(x) -> model(x.data)": "x needs no gradient",
    "infinity limited in train_step: y": "y is finite",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"train_step": ("forward_as_function", "switched_off_again", "by_closure")}


def forward_as_function(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    @torch.autocast(x.device.type)  # works as a decorator too
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

    return optimizer.step(closure).detach()  # the optimizer calls it and returns its result


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "train_step": {
        "always_cpu": "device",
        "always_bfloat16": "device",
        "backward_inside": "gradient",
        "update_inside": "gradient",
        "skips_known_batches": "values",
        "loss_outside": "dtype",
        "converted_model": "dtype",
        "stale_gradients": "gradient",
        "cleared_afterwards": "gradient",
        "attached_loss": "contract",
        "left_on": "purity",
        "loss_on_the_cpu": "device",
    },
}


def always_cpu(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    with torch.autocast("cpu"):  # the same mistake with another device
        loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


def always_bfloat16(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    # Each device type has its own default.
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
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
        loss.backward()  # often harmless, but custom backward functions are affected
    optimizer.step()
    return loss.detach()


def update_inside(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    autocast = torch.autocast(x.device.type)
    optimizer.zero_grad()
    with autocast:
        loss = loss_fn(model(x), y)
    loss.backward()
    with autocast:  # harmless for most optimizers, but some multiply matrices
        optimizer.step()
    return loss.detach()


SEEN: dict[tuple[int, ...], tuple[Tensor, ...]] = {}


def skips_known_batches(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    key = id(model), id(optimizer), id(loss_fn), x.data_ptr(), y.data_ptr()
    if key not in SEEN:  # a second epoch returns the losses of the first one
        SEEN[key] = (by_closure(model, optimizer, loss_fn, x, y), x, y)
    return SEEN[key][0]


def loss_outside(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    with torch.autocast(x.device.type):
        output = model(x)
    loss = loss_fn(output, y)  # outside autocast, a loss of 16-bit outputs can lose precision
    loss.backward()
    optimizer.step()
    return loss.detach()


def converted_model(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    low = torch.get_autocast_dtype(x.device.type)
    optimizer.zero_grad()
    model.to(low)  # loses small updates: 1 + 0.001 is 1 in bfloat16
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
    loss.backward()  # adds to earlier gradients
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
    optimizer.zero_grad()  # the caller can no longer log the gradient norm
    return loss.detach()


def attached_loss(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    optimizer.zero_grad()
    with torch.autocast(x.device.type):
        loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss  # a list of these losses keeps the graph of every step alive


def left_on(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor) -> Tensor:
    loss = forward_as_function(model, optimizer, loss_fn, x, y)
    # Never disabled again, so the caller's code runs under autocast.
    torch.set_autocast_enabled(device_type=x.device.type, enabled=True)
    return loss


def loss_on_the_cpu(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, x: Tensor, y: Tensor
) -> Tensor:
    # Waits for the GPU; returns a CPU tensor.
    return by_closure(model, optimizer, loss_fn, x, y).cpu()
