"""Beyond 01: no sync. Train a model without making the CPU wait for the GPU.

Task
    `train_losses` trains a model on some batches and returns the loss of every step. It runs, but
    it asks for each loss as a Python number while the training is under way. A GPU works through
    a queue: the CPU puts operations in and goes on at once. To hand out a number, the CPU has to
    wait until the queue is empty, and then the GPU waits for the CPU. This is called a host
    synchronisation, and here there is one in each step. Mend the function, so that there is none.

    The CPU alone shows nothing of this, so the grade counts on a stand-in for a GPU.

Shapes and units
    model        an nn.Module with at least one parameter; its parameters may be of any float dtype
    optimizer    a torch optimizer of the model's parameters
    loss_fn      loss_fn(model(inputs), targets) gives a 0-d tensor
    batches      an iterable of (inputs, targets), on the device of the model; it may be a
                 generator, and it may be empty
    return       [steps]  float32, on the device of the model's parameters; [0] for no batches

Rules
    One step for each batch: clear the gradients, compute the loss, go backward, let the optimizer
    step. Entry i is the loss of step i, as it was before that step's update.
    The result does not require grad.
    No host synchronisation, neither in the loop nor after it, nor in another thread: no .item(),
    float(), .tolist(), .cpu(), no `if` on a tensor, and no torch.tensor of tensors.

Budget
    No time limit; zero host synchronisations, however many batches there are.

Hints
    1. Who says that the losses have to be Python numbers? Keep them where they are.
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
    return torch.tensor(losses)  # TODO: on which device does this lie?
