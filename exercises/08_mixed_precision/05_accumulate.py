"""Mixed precision 05: accumulate. Train on a large batch that does not fit into memory.

Task
    What a training step keeps for its backward pass grows with the batch. If that is too much,
    even in 16 bits, cut the batch into micro-batches: gradients add up in `.grad` until they are
    cleared, so several backward passes can serve one update.

    Make one step of training on all `batches` together. It has to equal the step on their
    concatenation, while the micro-batches may differ in size. `loss_fn` gives the mean over the
    rows of what it is given, and a mean of means is not the mean of all rows:

        >>> a, b = torch.tensor([0.0, 0.0, 0.0]), torch.tensor([8.0])
        >>> (a.mean() + b.mean()) / 2, torch.cat([a, b]).mean()
        (tensor(4.), tensor(2.))

Shapes and units
    model        nn.Module that treats each row by itself, on the device of the batches
    optimizer    any torch.optim.Optimizer of its parameters
    loss_fn      loss_fn(model(x), y), a 0-d tensor: the mean over the rows
    batches      list of (x, y), at least one; x [n, ...] and y [n, ...], n at least 1 and free
                 to differ from one micro-batch to the next
    return       []  the mean loss over all rows, before the update; detached, on the batches' device

Rules
    Call `optimizer.step()` once. Gradients do not add up from one call to the next. The batches
    stay as they are. There is only as much memory as a few micro-batches need: do not let all of
    them have their forward pass alive at the same time.

Budget
    at 8 micro-batches of 256 rows, less than 0.4 times the extra memory at the peak that the step
    on the concatenation takes (the concatenation itself not counted)

Hints
    1. How much does a micro-batch of n rows weigh in the mean over N rows?
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
