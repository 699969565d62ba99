"""Reference: a backward pass for each micro-batch, weighted by its share of the rows.

Right: the mean over all N rows is the sum of (n / N) times each micro-batch's mean, and gradients
of a sum add up in `.grad` by themselves. Small: backward sets free what the forward pass kept, so
the next micro-batch finds the memory empty; only the detached losses are carried on.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

HINTS = (
    "How much does a micro-batch of n rows weigh in the mean over N rows?",
    "Multiply its loss by n / N, and go backward at once: that sets its memory free.",
    "`loss = loss_fn(model(x), y) * (len(x) / rows)`, `loss.backward()`, `total += loss.detach()`.",
)

TRAPS = {
    "accumulate_step": {
        "mean_of_means": "values",
        "sum_of_means": "values",
        "step_each_time": "values",
        "stale_gradients": "values",
        "last_batch_alone": "values",
        "last_loss": "values",
        "own_loss": "values",
        "concatenated": "memory",
        "one_backward": "memory",
        "outputs_kept": "memory",
        "attached_loss": "contract",
        "number_on_the_cpu": "device",
    },
}

ALTERNATIVES = {
    "accumulate_step": (
        "divided_at_the_end",
        "by_autograd_grad",
        "weight_backward",
        "cleared_at_the_end",
    )
}

Loss = Callable[[Tensor, Tensor], Tensor]
Optimizer = torch.optim.Optimizer
Batches = list[tuple[Tensor, Tensor]]


def accumulate_step(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    optimizer.zero_grad()
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) * (len(x) / rows)
        loss.backward()
        total += loss.detach()
    optimizer.step()
    return total


def divided_at_the_end(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    model.zero_grad()
    rows, losses = 0, []
    for x, y in batches:
        loss = loss_fn(model(x), y) * len(x)  # a sum over the rows
        loss.backward()
        losses.append(loss.detach())
        rows += len(x)
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= rows
    optimizer.step()
    return torch.stack(losses).sum() / rows


def by_autograd_grad(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    parameters = list(model.parameters())
    weights = [len(x) / sum(len(x) for x, _ in batches) for x, _ in batches]
    sums = [torch.zeros_like(parameter) for parameter in parameters]
    total = batches[0][0].new_zeros(())
    for weight, (x, y) in zip(weights, batches, strict=True):
        loss = loss_fn(model(x), y)
        torch._foreach_add_(sums, torch.autograd.grad(loss, parameters), alpha=weight)
        total = total + weight * loss.detach()
    for parameter, gradient in zip(parameters, sums, strict=True):
        parameter.grad = gradient
    optimizer.step()
    return total


def weight_backward(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rows = sum(x.shape[0] for x, _ in batches)
    losses = torch.stack([batches[0][0].new_zeros(())] * len(batches))
    optimizer.zero_grad(set_to_none=False)
    for index, (x, y) in enumerate(batches):
        loss = loss_fn(model(x), y)
        loss.backward(torch.full_like(loss, x.shape[0] / rows))  # where the chain rule begins
        losses[index] = loss.detach() * x.shape[0]
    optimizer.step()
    return losses.sum() / rows


def cleared_at_the_end(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    shares = torch.tensor([float(len(x)) for x, _ in batches])
    shares /= shares.sum()
    losses = []
    for share, (x, y) in zip(shares.tolist(), batches, strict=True):
        loss = loss_fn(model(x), y)
        (share * loss).backward()
        losses.append(share * loss.detach())
    optimizer.step()
    optimizer.zero_grad()  # for the next step
    return torch.stack(losses).sum()


def mean_of_means(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    optimizer.zero_grad()
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) / len(batches)  # a row in a small micro-batch counts more
        loss.backward()
        total += loss.detach()
    optimizer.step()
    return total


def sum_of_means(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches) -> Tensor:
    optimizer.zero_grad()
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        loss.backward()  # a step that is as many times too long as there are micro-batches
        total += loss.detach()
    optimizer.step()
    return total / len(batches)


def step_each_time(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    total = 0.0
    for x, y in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y) * (len(x) / rows)
        loss.backward()
        optimizer.step()  # the next micro-batch meets other parameters
        total += loss.detach()
    return total


def stale_gradients(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) * (len(x) / rows)
        loss.backward()  # adds to the last step's gradients too
        total += loss.detach()
    optimizer.step()
    return total


def last_batch_alone(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    total = 0.0
    for x, y in batches:
        optimizer.zero_grad()  # throws away what the others have added up
        loss = loss_fn(model(x), y) * (len(x) / rows)
        loss.backward()
        total += loss.detach()
    optimizer.step()
    return total


def last_loss(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    optimizer.zero_grad()
    for x, y in batches:
        loss = loss_fn(model(x), y)
        (loss * (len(x) / rows)).backward()
    optimizer.step()
    return loss.detach()  # of the last micro-batch


def own_loss(
    model: nn.Module,
    optimizer: Optimizer,
    loss_fn: Loss,  # noqa: ARG001 - that is its fault
    batches: Batches,
) -> Tensor:
    return cleared_at_the_end(model, optimizer, nn.functional.mse_loss, batches)


def concatenated(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(torch.cat([x for x, _ in batches])), torch.cat([y for _, y in batches]))
    loss.backward()
    optimizer.step()
    return loss.detach()  # right, if there is room for it


def one_backward(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    optimizer.zero_grad()
    loss = sum(loss_fn(model(x), y) * (len(x) / rows) for x, y in batches)
    loss.backward()  # until here every micro-batch keeps what its backward pass will need
    optimizer.step()
    return loss.detach()


def outputs_kept(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    optimizer.zero_grad()
    outputs = []
    for x, y in batches:
        outputs.append(model(x))  # an attached output keeps part of the graph
        (loss_fn(outputs[-1], y) * (len(x) / rows)).backward()
    optimizer.step()
    return loss_fn(torch.cat(outputs), torch.cat([y for _, y in batches])).detach()


def attached_loss(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    optimizer.zero_grad()
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) * (len(x) / rows)
        loss.backward()
        total = total + loss  # hangs on the graph of every micro-batch
    optimizer.step()
    return total


def number_on_the_cpu(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    loss = by_autograd_grad(model, optimizer, loss_fn, batches)
    return torch.tensor(loss.item(), dtype=loss.dtype)  # waits for the GPU, and leaves it
