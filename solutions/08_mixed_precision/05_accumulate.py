"""Reference: a backward pass for each micro-batch, with the loss weighted by its share of the rows.

Correct: the mean over all N rows is the sum of (n / N) times the mean of each micro-batch, and
gradients of a sum add up in `.grad`. Small: the backward pass frees what the forward pass has
stored, so only one micro-batch needs memory at a time. Only the detached losses are kept.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

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


HINTS = (
    "What is the weight of a micro-batch of n rows in the mean over N rows?",
    "Multiply its loss by n / N, and run backward immediately, which frees its memory.",
    "`loss = loss_fn(model(x), y) * (len(x) / rows)`, `loss.backward()`, `total += loss.detach()`.",
)

EQUIVALENT = {
    "detached result in accumulate_step: result": "the sum of detached losses is detached",
    "wrong in float64 in accumulate_step: result": "all tensors are float32",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "accumulate_step": (
        "divided_at_the_end",
        "by_autograd_grad",
        "weight_backward",
        "cleared_at_the_end",
    )
}


def divided_at_the_end(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    model.zero_grad()
    rows, losses = 0, []
    for x, y in batches:
        loss = loss_fn(model(x), y) * len(x)  # the sum over the rows
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
        loss.backward(torch.full_like(loss, x.shape[0] / rows))  # starts from n / N, not 1
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
    optimizer.zero_grad()  # clears the gradients for the next call
    return torch.stack(losses).sum()


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "accumulate_step": {
        "mean_of_means": "values",
        "sum_of_means": "values",
        "step_each_time": "values",
        "stale_gradients": "values",
        "last_batch_alone": "values",
        "last_loss": "values",
        "own_loss": "values",
        "emptied_list": "values",
        "first_four": "memory",
        "concatenated": "memory",
        "one_backward": "memory",
        "outputs_kept": "memory",
        "attached_loss": "contract",
        "number_on_the_cpu": "device",
    },
}
WHY = {
    "mean_of_means": (
        "A mean of means counts the rows of a small micro-batch more. Weigh each micro-batch by "
        "its share of the rows, len(x) / n."
    ),
    "last_loss": "The result is the loss of the last micro-batch. Return the mean over all rows.",
    "stale_gradients": (
        "The gradients of the call before are still there, and backward adds to them. Clear them "
        "first."
    ),
}


def mean_of_means(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    optimizer.zero_grad()
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) / len(batches)  # rows of small micro-batches count more
        loss.backward()
        total += loss.detach()
    optimizer.step()
    return total


def sum_of_means(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches) -> Tensor:
    optimizer.zero_grad()
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y)
        loss.backward()  # the sum of the means: a gradient that is too large
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
        optimizer.step()  # the next micro-batch sees changed parameters
        total += loss.detach()
    return total


def stale_gradients(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) * (len(x) / rows)
        loss.backward()  # adds to the gradients of the previous call too
        total += loss.detach()
    optimizer.step()
    return total


def last_batch_alone(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    total = 0.0
    for x, y in batches:
        optimizer.zero_grad()  # discards the gradients of earlier micro-batches
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
    return loss.detach()  # the loss of the last micro-batch only


def own_loss(
    model: nn.Module,
    optimizer: Optimizer,
    loss_fn: Loss,  # noqa: ARG001 - ignoring it is the mistake
    batches: Batches,
) -> Tensor:
    return cleared_at_the_end(model, optimizer, nn.functional.mse_loss, batches)


def concatenated(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(torch.cat([x for x, _ in batches])), torch.cat([y for _, y in batches]))
    loss.backward()
    optimizer.step()
    return loss.detach()  # correct, but needs the memory of the whole batch


def one_backward(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches) -> Tensor:
    rows = sum(len(x) for x, _ in batches)
    optimizer.zero_grad()
    loss = sum(loss_fn(model(x), y) * (len(x) / rows) for x, y in batches)
    loss.backward()  # keeps the graphs of all micro-batches alive until here
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
        total = total + loss  # still attached to the graphs of all micro-batches
    optimizer.step()
    return total


def number_on_the_cpu(
    model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches
) -> Tensor:
    loss = by_autograd_grad(model, optimizer, loss_fn, batches)
    return torch.tensor(loss.item(), dtype=loss.dtype)  # waits for the GPU; returns a CPU tensor


def emptied_list(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches) -> Tensor:
    taken = [batches.pop() for _ in range(len(batches))]  # the caller's list is empty afterwards
    return weight_backward(model, optimizer, loss_fn, taken)


def first_four(model: nn.Module, optimizer: Optimizer, loss_fn: Loss, batches: Batches) -> Tensor:
    return weight_backward(model, optimizer, loss_fn, batches[:4])  # saves memory, but drops rows
