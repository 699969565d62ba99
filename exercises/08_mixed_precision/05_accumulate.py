"""Mixed precision 05: accumulate. Train on a large batch that does not fit into memory.

Task
    The memory that a training step needs for its backward pass grows with the batch. If the batch
    does not fit, even in 16 bits, split it into micro-batches: gradients add up in `.grad` until
    they are cleared, so several backward passes can contribute to one update.

    Write one training step on all `batches` together. It must equal a step on their concatenation,
    although the micro-batches may differ in size. `loss_fn` returns the mean over the rows that it
    receives, and a mean of means is not the mean over all rows:

        >>> a, b = torch.tensor([0.0, 0.0, 0.0]), torch.tensor([8.0])
        >>> (a.mean() + b.mean()) / 2, torch.cat([a, b]).mean()
        (tensor(4.), tensor(2.))

Shapes and units
    model        nn.Module that processes each row independently, with float32 parameters, on the
                 device of the batches
    optimizer    any torch.optim.Optimizer of its parameters whose step() needs no closure
    loss_fn      loss_fn(model(x), y), a 0-d tensor: the mean over the rows
    batches      list of at least one pair (x, y); x [n, ...] and y [n, ...]; n is at least 1 and
                 may differ between micro-batches
    return       []  the mean loss over all rows before the update, float32, detached, on the
                 device of the batches

Rules
    Call the model and loss_fn once for each micro-batch, and `optimizer.step()` once. Gradients do
    not accumulate from one call to the next. Keep the mode of the model (training or evaluation).
    Do not modify the batches: neither the tensors nor the list.

Budget
    less than 0.4 times the peak extra memory of a step on the concatenation, at 8 micro-batches of
    256 rows (not counting the concatenated tensors)

Hints
    1. What is the weight of a micro-batch of n rows in the mean over N rows?
    Levels 2 and 3: `nox -s hint -- accumulate`.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def accumulate_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    batches: list[tuple[Tensor, Tensor]],
) -> Tensor:
    raise NotImplementedError  # TODO: your code here
