"""Mixed precision 03: grad scaler. Keep small gradients from vanishing, and clip correctly.

Task
    The smallest positive float16 is about 6e-8. Gradients are often smaller, and round to 0. The
    remedy is to multiply the loss by a large scale: this scales all gradients too. Before they are
    used, they are divided by the scale in float32.

        >>> torch.tensor(2e-8).half().float()
        tensor(0.)
        >>> (torch.tensor(2e-8) * 65536).half().float() / 65536
        tensor(1.9994e-08)

    `torch.amp.GradScaler` does this and adapts the scale: it halves the scale after a step with an
    infinite or nan gradient, and doubles it after many steps without one. Write a training step
    with it: scale the loss, run the backward pass, unscale the gradients, clip their total norm
    (over all parameters) to `max_norm`, step the optimizer and update the scale. The order matters:
    if you clip gradients that are still scaled, almost nothing is left of them after unscaling.

Shapes and units
    model        nn.Module with float32 or float64 parameters, on the device of x
    optimizer    any torch.optim.Optimizer of its parameters whose step() needs no closure
    scaler       torch.amp.GradScaler, enabled, for the device type of x (which may be the CPU)
    loss_fn      loss_fn(model(x), y), a 0-d tensor
    x, y         tensors on one device
    max_norm     float, greater than 0
    return       []  the unscaled loss before the update, detached, on the device of x

Rules
    If any gradient is infinite or nan, leave the parameters and the optimizer's state unchanged and
    raise no error, whether or not the loss is finite. Gradients do not accumulate from one step to
    the next. Call the model, loss_fn and `scaler.update()` once per step. Do not enable autocast:
    the caller decides. Keep the mode of the model (training or evaluation). Do not modify x and y.

Budget
    No budget.

Hints
    1. Besides `scale` and `update`, you need two more methods of the scaler.
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
