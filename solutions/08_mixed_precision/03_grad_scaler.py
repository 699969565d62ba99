"""Reference: scale, backward, unscale, clip, step and update, in this order.

Correct: `unscale_` divides the gradients by the scale and records whether any of them is infinite
or nan. Clipping then sees the true gradients. `scaler.step` does not unscale them again, and skips
the optimizer if `unscale_` has found an infinite or nan gradient. (Clipping turns an infinite
gradient into nan, but the record was made before.)
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

Loss = Callable[[Tensor, Tensor], Tensor]
Optimizer = torch.optim.Optimizer
Scaler = torch.amp.GradScaler


def scaled_step(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()


HINTS = (
    "Besides `scale` and `update`, you need two more methods of the scaler.",
    (
        "`scaler.unscale_(optimizer)` restores the true gradients: clip after it. "
        "`scaler.step(optimizer)` skips bad steps."
    ),
    (
        "`scaler.scale(loss).backward()`, `scaler.unscale_(optimizer)`, "
        "`torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)`, `scaler.step(optimizer)`, "
        "`scaler.update()`."
    ),
)

EQUIVALENT = {
    "data in scaled_step: model(x) -> model(x.data)": "x needs no gradient",
    "float32 detour in scaled_step: y": "clip_grad_norm_ itself has a relative error of up to 1e-6",
    "data in scaled_step: loss_fn(model(x), y) -> loss_fn(model(x), y.data)": "y needs no gradient",
    "float32 detour in scaled_step: x": "clip_grad_norm_ itself has a relative error of up to 1e-6",
    "float32 number in scaled_step: max_norm": (
        "clip_grad_norm_ itself has a relative error of up to 1e-6"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"scaled_step": ("by_autograd_grad", "norm_by_hand", "cleared_at_the_end")}


def by_autograd_grad(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    loss = loss_fn(model(x), y)
    gradients = torch.autograd.grad(scaler.scale(loss), parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    scaler.unscale_(optimizer)
    norm = torch.nn.utils.get_total_norm(gradients)
    torch.nn.utils.clip_grads_with_norm_(parameters, max_norm, norm)
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()


def norm_by_hand(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    model.zero_grad(set_to_none=False)
    with torch.enable_grad():
        loss = loss_fn(model(x), y)
        scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    squares = torch.stack([gradient.square().sum() for gradient in gradients])
    factor = (max_norm / (squares.sum().sqrt() + 1e-6)).clamp(max=1)
    for gradient in gradients:
        gradient.mul_(factor)
    scaler.step(optimizer)
    scaler.update()
    return loss.clone().detach()


def cleared_at_the_end(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = clip_grad_norm_(model.parameters(), max_norm)
    if norm.isfinite():  # infinite or nan if any gradient is
        optimizer.step()
    scaler.update()
    optimizer.zero_grad()  # clears the gradients for the next step
    return loss.detach()


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "scaled_step": {
        "clipped_too_early": "values",
        "divided_twice": "values",
        "looks_at_the_loss": "stability",
        "infinite_made_zero": "stability",
        "refuses_infinite_norm": "stability",
        "never_updated": "values",
        "under_autocast": "contract",
        "clipped_one_by_one": "values",
        "clipped_by_value": "values",
        "scaled_loss": "values",
        "stale_gradients": "values",
        "attached_loss": "contract",
        "cpu_number": "device",
    },
}
WHY = {
    "clipped_one_by_one": (
        "Each gradient is clipped by itself, which changes the direction of the step. `max_norm` "
        "limits the norm of all gradients together."
    ),
    "clipped_by_value": (
        (
            "`clip_grad_value_` limits each number of the gradients. `max_norm` is a limit of "
            "their norm: `clip_grad_norm_`."
        ),
        "clip_grad_value_",
    ),
    "scaled_loss": "The result is the scaled loss. Return the loss itself.",
    "never_updated": "The scale never changes: `scaler.update()` adapts it after each step.",
}


def clipped_too_early(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    clip_grad_norm_(model.parameters(), max_norm)  # clips gradients that are still scaled
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()


def divided_twice(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    for parameter in model.parameters():
        parameter.grad /= scaler.get_scale()  # scaler.step divides by the scale again
    clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()


def looks_at_the_loss(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    clip_grad_norm_(model.parameters(), max_norm)
    if loss.isfinite():  # a finite loss can have infinite gradients
        optimizer.step()
    scaler.update()
    return loss.detach()


def infinite_made_zero(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    for parameter in model.parameters():
        parameter.grad.nan_to_num_(0.0, 0.0, 0.0)  # momentum still moves the parameters
    clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    scaler.update()
    return loss.detach()


def refuses_infinite_norm(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    # Overflow is normal: the scaler finds a large scale by trying, so it must not be an error.
    clip_grad_norm_(model.parameters(), max_norm, error_if_nonfinite=True)
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()


def never_updated(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scale = scaler.get_scale()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update(scale)  # sets the old scale again, so it never adapts
    return loss.detach()


def clipped_one_by_one(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    for parameter in model.parameters():
        clip_grad_norm_(parameter, max_norm)  # changes the direction of the step
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()


def scaled_loss(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = scaler.scale(loss_fn(model(x), y))
    loss.backward()
    scaler.unscale_(optimizer)
    clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()  # still scaled: right for backward, wrong to return


def stale_gradients(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()  # adds scaled gradients to old unscaled ones
    scaler.unscale_(optimizer)
    clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()


def attached_loss(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    return loss  # keeps the graph alive as long as the loss


def cpu_number(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    return torch.tensor(loss.item(), dtype=loss.dtype)  # waits for the GPU; returns a CPU tensor


def clipped_by_value(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_value_(model.parameters(), max_norm)  # limits numbers, not the norm
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()


def under_autocast(
    model: nn.Module,
    optimizer: Optimizer,
    scaler: Scaler,
    loss_fn: Loss,
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    with torch.autocast(x.device.type):  # the caller decides that, not the step
        return norm_by_hand(model, optimizer, scaler, loss_fn, x, y, max_norm)
