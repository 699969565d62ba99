"""Reference: keep each loss as a tensor, and stack the losses after the loop.

Fast: nothing in the loop needs the value of a tensor, so the CPU runs ahead and the GPU always has
work in its queue. `detach()` drops the autograd graph, so a stored loss takes only 4 bytes. For a
progress bar, read one loss every hundred steps, or read them all after the loop.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]
Batches = Iterable[tuple[Tensor, Tensor]]


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


def train_losses(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses = [step(model, optimizer, loss_fn, *batch).detach() for batch in batches]
    if not losses:
        return torch.zeros(0, device=next(model.parameters()).device)
    return torch.stack(losses).float()  # steps x [] -> [steps]


HINTS = (
    "Do the losses have to be Python numbers? Keep them on the device.",
    """A list can hold a tensor without reading its value: `loss.detach()`. Join the list after the
    loop, and remember that it may be empty.""",
    """`torch.stack(losses).float()`; for no batches, `torch.zeros(0, device=...)` on the device of
    `next(model.parameters())`.""",
)

EQUIVALENT = {
    "detach in train_losses: return torch.stack(losses).float() -> "
    "return (torch.stack(losses).float()).detach()": "the losses are detached already",
    "data in step: model(inputs) -> model(inputs.data)": "no step needs a gradient of its inputs",
    "data in step: loss_fn(model(inputs), targets) -> loss_fn(model(inputs), targets.data)": (
        "no step needs a gradient of its targets"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"train_losses": ("filled_in_place", "joined_to_an_empty_one")}


def filled_in_place(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rounds = list(batches)  # a list has a length
    losses = torch.empty(len(rounds), device=next(model.parameters()).device)
    for i, batch in enumerate(rounds):
        losses[i] = step(model, optimizer, loss_fn, *batch).detach()  # stays on the device
    return losses


def joined_to_an_empty_one(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    parts = [torch.zeros(0, device=next(model.parameters()).device)]
    for batch in batches:
        loss = step(model, optimizer, loss_fn, *batch)
        parts.append(loss.detach().to(torch.float32, copy=True).unsqueeze(0))
    return torch.cat(parts)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "train_losses": {
        "read_after_the_loop": "ops",
        "guarded_against_nan": "ops",
        "read_in_a_thread": "ops",
        "buffer_on_the_cpu": "device",
        "with_its_graph": "gradient",
        "in_the_models_dtype": "dtype",
        "piled_up_gradients": "values",
        "ignored_loss_fn": "values",
        "read_in_an_older_thread": "ops",
        "stacked_nothing": "values",
        "known_lists": "values",
        "used_up_iterator": "contract",
    },
}


def read_after_the_loop(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses = [step(model, optimizer, loss_fn, *batch).detach() for batch in batches]
    device = next(model.parameters()).device
    return torch.tensor([float(loss) for loss in losses], device=device)  # waits for every loss


def guarded_against_nan(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses = [torch.zeros(0, device=next(model.parameters()).device)]
    for batch in batches:
        loss = step(model, optimizer, loss_fn, *batch).detach()
        if torch.isnan(loss):  # `if` needs a Python bool, so the CPU waits
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
        reader.start()  # the wait is still there, only in another thread
        reader.join()
    return torch.tensor(losses, device=next(model.parameters()).device)


def buffer_on_the_cpu(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rounds = list(batches)
    losses = torch.zeros(len(rounds))  # on the CPU, so each assignment copies and waits
    for i, batch in enumerate(rounds):
        losses[i] = step(model, optimizer, loss_fn, *batch).detach()
    return losses


def with_its_graph(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    start = torch.zeros(0, device=next(model.parameters()).device)
    losses = [step(model, optimizer, loss_fn, *batch).float().reshape(1) for batch in batches]
    return torch.cat([start, *losses])  # keeps the graph of every step alive


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
        loss.backward()  # adds to the gradients of all previous steps
        optimizer.step()
        losses.append(loss.detach().float().reshape(1))
    return torch.cat(losses)


def ignored_loss_fn(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: Loss,  # noqa: ARG001 - ignored: that is the fault
    batches: Batches,
) -> Tensor:
    def squared(got: Tensor, expected: Tensor) -> Tensor:
        return (got - expected).square().mean()  # right only if loss_fn is the MSE

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
    losses = [wait.result() for wait in waits]  # the thread existed before the call, but waits too
    return torch.tensor(losses, dtype=torch.float32, device=next(model.parameters()).device)


def stacked_nothing(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    losses = [step(model, optimizer, loss_fn, *batch).detach() for batch in batches]
    return torch.stack(losses).float()  # raises if the list is empty


def used_up_iterator(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    count = sum(1 for _batch in batches)  # uses up an iterator, so that the loop gets no batches
    losses = torch.zeros(count, device=next(model.parameters()).device)
    for i, batch in enumerate(batches):
        losses[i] = step(model, optimizer, loss_fn, *batch).detach()
    return losses


KNOWN: dict[tuple[int, ...], Tensor] = {}


def known_lists(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    key = id(model), id(optimizer), id(batches)  # a second epoch trains nothing
    if key not in KNOWN:
        KNOWN[key] = joined_to_an_empty_one(model, optimizer, loss_fn, batches)
    return KNOWN[key]
