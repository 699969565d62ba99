"""Mixed precision 02: autocast step. Mend a training step that is tied to one device.

Task
    `train_step` below makes one step of training in mixed precision: the model and the loss run
    under autocast, so matrix products take 16 bits, while the parameters stay in float32. It was
    written on a machine with a GPU. Elsewhere `torch.autocast("cuda")` does nothing to the model
    (PyTorch only warns), and every product is made in float32. And it calls `backward` inside the
    `with` block. The backward pass does not need autocast: each operation's gradient is computed
    in the dtype that the operation had. PyTorch's advice is to leave the block before it.

    Mend it: the forward pass and the loss run under autocast of the device type on which x lies,
    in that type's default low precision; the backward pass and the update run outside.

Shapes and units
    model        nn.Module with float32 parameters, where x is
    optimizer    any torch.optim.Optimizer of these parameters
    loss_fn      loss_fn(model(x), y), a 0-d tensor
    x, y         tensors on one device, of any type
    return       []  the loss before the update, detached: no gradient graph hangs on it

Rules
    Parameters and their gradients stay float32: do not convert the model. Gradients left from
    earlier do not count, and after the step the new ones are still there to be looked at.
    Call the model once and `optimizer.step()` once.

Budget
    No budget; this is about the right place for each line.

Hints
    1. A tensor knows where it lies. Ask it, instead of naming a device.
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
    # TODO: on which devices does this block do anything, and what does not belong into it?
    with torch.autocast("cuda"):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.detach()
