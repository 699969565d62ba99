"""Reference: keep each loss as a tensor, and stack them when the loop is over.

Fast: nothing in the loop needs the value of a tensor, so the CPU runs ahead and the GPU always has
work in its queue. `detach()` lets go of the graph, so that a stored loss is 4 bytes and no more.
Where a number is wanted for a progress bar, read one every hundred steps, or after the loop.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]
Batches = Iterable[tuple[Tensor, Tensor]]

HINTS = (
    "Who says that the losses have to be Python numbers? Keep them where they are.",
    """A tensor on the GPU can go into a list without being read: `loss.detach()`. Join the list
    after the loop, and think of the empty list.""",
    """`torch.stack(losses).float()`; with no batches, `torch.zeros(0, device=...)` with the device
    of `next(model.parameters())`.""",
)

TRAPS = {
    "train_losses": {
        "read_after_the_loop": "ops",
        "guarded_against_nan": "ops",
        "read_in_a_thread": "ops",
        "buffer_on_the_cpu": "device",
        "with_its_graph": "gradient",
        "in_the_models_dtype": "dtype",
        "piled_up_gradients": "values",
        "a_loss_of_its_own": "values",
        "read_in_an_older_thread": "ops",
        "stacked_nothing": "shape",
        "counted_batches": "contract",
    },
}

ALTERNATIVES = {"train_losses": ("filled_in_place", "joined_to_an_empty_one")}


def train_losses(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses = [step(model, optimizer, loss_fn, *batch).detach() for batch in batches]
    if not losses:
        return torch.zeros(0, device=next(model.parameters()).device)
    return torch.stack(losses).float()  # steps x [] -> [steps]


def step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: Loss,
    inputs: Tensor,
    targets: Tensor,
) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(inputs), targets)
    loss.backward()
    optimizer.step()
    return loss


def filled_in_place(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rounds = list(batches)  # to know how many there are
    losses = torch.empty(len(rounds), device=next(model.parameters()).device)
    for i, batch in enumerate(rounds):
        losses[i] = step(model, optimizer, loss_fn, *batch).detach()  # from device to device
    return losses


def joined_to_an_empty_one(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    parts = [torch.zeros(0, device=next(model.parameters()).device)]
    for batch in batches:
        loss = step(model, optimizer, loss_fn, *batch)
        parts.append(loss.detach().to(torch.float32, copy=True).unsqueeze(0))
    return torch.cat(parts)


def read_after_the_loop(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses = [step(model, optimizer, loss_fn, *batch).detach() for batch in batches]
    device = next(model.parameters()).device
    return torch.tensor([float(loss) for loss in losses], device=device)  # waits for each of them


def guarded_against_nan(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses = [torch.zeros(0, device=next(model.parameters()).device)]
    for batch in batches:
        loss = step(model, optimizer, loss_fn, *batch).detach()
        if torch.isnan(loss):  # an `if` needs a Python bool: the CPU waits
            break
        losses.append(loss.float().reshape(1))
    return torch.cat(losses)


def read_in_a_thread(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses: list[float] = []
    for batch in batches:
        loss = step(model, optimizer, loss_fn, *batch).detach()
        reader = Thread(target=lambda loss=loss: losses.append(loss.item()))
        reader.start()  # the wait has moved to another thread, and is still there
        reader.join()
    return torch.tensor(losses, device=next(model.parameters()).device)


def buffer_on_the_cpu(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rounds = list(batches)
    losses = torch.zeros(len(rounds))  # on the CPU, so each assignment copies, and waits
    for i, batch in enumerate(rounds):
        losses[i] = step(model, optimizer, loss_fn, *batch).detach()
    return losses


def with_its_graph(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    start = torch.zeros(0, device=next(model.parameters()).device)
    losses = [step(model, optimizer, loss_fn, *batch).float().reshape(1) for batch in batches]
    return torch.cat([start, *losses])  # every step's graph stays alive


def in_the_models_dtype(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    parts = [next(model.parameters()).detach().flatten()[:0]]
    parts += [step(model, optimizer, loss_fn, *batch).detach().reshape(1) for batch in batches]
    return torch.cat(parts)  # float64 for a float64 model


def piled_up_gradients(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses = [torch.zeros(0, device=next(model.parameters()).device)]
    for inputs, targets in batches:
        loss = loss_fn(model(inputs), targets)
        loss.backward()  # on top of the gradients of all steps before
        optimizer.step()
        losses.append(loss.detach().float().reshape(1))
    return torch.cat(losses)


def a_loss_of_its_own(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: Loss,  # noqa: ARG001 - the fault
    batches: Batches,
) -> Tensor:
    def squared(got: Tensor, expected: Tensor) -> Tensor:
        return (got - expected).square().mean()  # loss_fn is asked for, whatever it is

    none = torch.zeros(0, device=next(model.parameters()).device)
    steps = [step(model, optimizer, squared, *batch).detach().reshape(1) for batch in batches]
    return torch.cat([none, *steps]).float()


READERS = ThreadPoolExecutor(1)


def read_in_an_older_thread(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    waits = [
        READERS.submit(step(model, optimizer, loss_fn, *batch).detach().item) for batch in batches
    ]
    losses = [wait.result() for wait in waits]
    return torch.tensor(losses, dtype=torch.float32, device=next(model.parameters()).device)


def stacked_nothing(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses = [step(model, optimizer, loss_fn, *batch).detach() for batch in batches]
    return torch.stack(losses).float()  # torch.stack refuses an empty list


def counted_batches(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses = torch.empty(len(batches), device=next(model.parameters()).device)  # a generator?
    for i, batch in enumerate(batches):
        losses[i] = step(model, optimizer, loss_fn, *batch).detach()
    return losses
