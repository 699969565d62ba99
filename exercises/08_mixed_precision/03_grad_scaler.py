"""Mixed precision 03: grad scaler. Keep small gradients alive, and clip them at the right moment.

Task
    The smallest positive float16 is about 6e-8. Gradients are often smaller, and become 0. The
    remedy is to multiply the loss by a large number, the scale: all gradients grow with it, and
    are divided by it again in float32 before they are used.

        >>> torch.tensor(2e-8).half().float()
        tensor(0.)
        >>> (torch.tensor(2e-8) * 65536).half().float() / 65536
        tensor(1.9994e-08)

    `torch.amp.GradScaler` does this, and finds the scale by itself: after a step with an infinite
    or nan gradient it halves the scale, after many good ones it doubles it. Write a training step
    with it: scale the loss, go backward, bring the gradients back to their true size, clip their
    norm (of all parameters together) to `max_norm`, step, update the scale.

    A gradient that is clipped while it is still 65536 times too large is cut down to `max_norm`
    first and divided by 65536 afterwards: hardly anything is left of it. The order matters.

Shapes and units
    model        nn.Module, on the device of x
    optimizer    any torch.optim.Optimizer of its parameters
    scaler       torch.amp.GradScaler, switched on, for the device type of x; also on the CPU
    loss_fn      loss_fn(model(x), y), a 0-d tensor
    x, y         tensors on one device
    max_norm     float, above 0
    return       []  the true loss before the update: neither scaled nor with a gradient graph

Rules
    A step in which any gradient is infinite or nan leaves the parameters and the optimizer's state
    as they were, whether the loss itself is finite or not, and raises nothing. Gradients do not
    add up from one step to the next. `scaler.update()` comes once in each step. Switch no autocast
    on here; that is the caller's.

Budget
    No budget; this is about the order of six calls.

Hints
    1. Two of the scaler's methods are needed between the backward pass and the update of the scale.
    Levels 2 and 3: `nox -s hint -- grad_scaler`.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def scaled_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    max_norm: float,
) -> Tensor:
    raise NotImplementedError  # TODO: your code here
