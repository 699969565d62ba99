"""Mixed precision 02: autocast step. Fix a training step that is tied to one device type.

Task
    In mixed-precision training, the forward pass runs under autocast: matrix products use 16 bits,
    while the parameters stay in float32. `train_step` below was written on a machine with a GPU and
    has two faults:

    - `torch.autocast("cuda")` has no effect on tensors of other device types, so their products run
      in float32. (Without a GPU, PyTorch only warns.)
    - It calls `backward` under autocast, which PyTorch advises against. The backward pass needs no
      autocast, because each gradient is computed in the dtype of its forward operation.

    Fix it: run the forward pass and the loss under autocast for the device type of `x`, in the
    default low precision of that type. Run the backward pass and the update outside autocast.

Shapes and units
    model        nn.Module with float32 parameters, on the device of x
    optimizer    any torch.optim.Optimizer of these parameters whose step() needs no closure
    loss_fn      loss_fn(model(x), y), a 0-d tensor
    x, y         finite float32 tensors on one device, whose type may be any
    return       []  the loss before the update, detached, on the device of x

Rules
    Parameters and their gradients stay float32: do not convert the model. Ignore gradients from
    earlier steps, and keep the new ones in `.grad` after the step. Call the model, loss_fn and
    `optimizer.step()` once each. Neither the backward pass nor the update runs under autocast.
    Leave the settings of autocast and the mode of the model (training or evaluation) as they were.
    Do not modify x and y.

Budget
    No budget.

Hints
    1. A tensor knows its device. Use that instead of a fixed name.
    Levels 2 and 3: `nox -s hint -- autocast_step`.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def train_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    y: Tensor,
) -> Tensor:
    # TODO: which device types does this block affect, and which lines do not belong in it?
    with torch.autocast("cuda"):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.detach()
