"""Beyond 01: no sync. Train a model without making the CPU wait for the GPU.

Task
    `train_losses` trains a model and returns the loss of every step. A GPU works through a queue:
    the CPU adds operations to it and continues at once. The code below reads each loss as a Python
    number, so in every step the CPU waits until the queue is empty, and then the GPU waits for the
    CPU. Such a wait is called a host synchronization. Fix the function so that there is none.

    These waits do not occur on a CPU, so the grader counts them on a simulated GPU.

Shapes and units
    model        an nn.Module with at least one parameter, of any floating dtype
    optimizer    a torch optimizer of the model's parameters
    loss_fn      loss_fn(model(inputs), targets) returns a 0-d tensor
    batches      an iterable of (inputs, targets), on the device of the model; it may be a
                 generator, and it may be empty
    return       [steps]  float32, on the device of the model's parameters; [0] for no batches

Rules
    For each batch: clear the gradients, compute the loss once, call backward, and step the
    optimizer. Entry i is the loss of step i, before that step's update. The result does not require
    grad. Do not modify the batches. No host synchronization in the loop, after it, or in another
    thread: no .item(), float(), .tolist() or .cpu() on a tensor, no `if` on a tensor, and no
    torch.tensor on a list of tensors.

Budget
    no host synchronization for any number of batches; time is not graded

Hints
    1. Do the losses have to be Python numbers? Keep them on the device.
    Levels 2 and 3: `nox -s hint -- no_sync`.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def train_losses(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    batches: Iterable[tuple[Tensor, Tensor]],
) -> Tensor:
    losses = []
    for inputs, targets in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())  # TODO: what does the CPU have to wait for here?
    return torch.tensor(losses)  # TODO: on which device is this tensor?
