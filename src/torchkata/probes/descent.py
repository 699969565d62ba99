"""Train `TwoLayers` from the formulas alone: a reference that uses neither autograd nor optimizers.

The same results by independent means are what training exercises are compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

NamedTensors = dict[str, Tensor]


def momentum_descent(
    first: Tensor,
    last: Tensor,
    x: Tensor,
    y: Tensor,
    steps: int,
    *,
    lr: float,
    momentum: float,
    max_norm: float = torch.inf,
) -> dict[str, Any]:
    """Run gradient descent with momentum, with gradients clipped to a joint norm.

    Args:
        first: the weights of the first layer, [i, h].
        last: the weights of the last layer, [h, o].
        x: inputs, [n, i].
        y: targets, [n, o].
        steps: the number of steps.
        lr: the learning rate.
        momentum: the momentum factor.
        max_norm: the largest norm of all gradients together (default: no clipping).

    Returns:
        `losses`, a 0-d tensor for each step, and `parameters` by name.
    """
    velocity = {"first": torch.zeros_like(first), "last": torch.zeros_like(last)}

    def update(gradients: NamedTensors, _step: int) -> NamedTensors:
        norm = sum(float((g * g).sum()) for g in gradients.values()) ** 0.5
        factor = min(1.0, max_norm / norm) if norm else 1.0
        for name, gradient in gradients.items():
            velocity[name] = momentum * velocity[name] + factor * gradient
        return {name: lr * velocity[name] for name in gradients}

    return _descend({"first": first, "last": last}, x, y, steps, update)


def adam_descent(
    first: Tensor, last: Tensor, x: Tensor, y: Tensor, steps: int, *, lr: float
) -> dict[str, Any]:
    """Run Adam with its default settings.

    Args:
        first: the weights of the first layer, [i, h].
        last: the weights of the last layer, [h, o].
        x: inputs, [n, i].
        y: targets, [n, o].
        steps: the number of steps.
        lr: the learning rate.

    Returns:
        `losses`, a 0-d tensor for each step, and `parameters` by name.
    """
    mean = {"first": torch.zeros_like(first), "last": torch.zeros_like(last)}
    square = dict(mean)

    def update(gradients: NamedTensors, step: int) -> NamedTensors:
        updates = {}
        for name, g in gradients.items():
            mean[name] = 0.9 * mean[name] + 0.1 * g
            square[name] = 0.999 * square[name] + 0.001 * g * g
            scale = (square[name] / (1 - 0.999**step)) ** 0.5
            updates[name] = lr * mean[name] / (1 - 0.9**step) / (scale + 1e-8)
        return updates

    return _descend({"first": first, "last": last}, x, y, steps, update)


def _descend(
    weights: NamedTensors,
    x: Tensor,
    y: Tensor,
    steps: int,
    update: Callable[[NamedTensors, int], NamedTensors],
) -> dict[str, Any]:
    losses = []
    for step in range(1, steps + 1):
        loss, gradients = loss_gradients(**weights, x=x, y=y)
        losses.append(loss)
        updates = update(gradients, step)
        weights = {name: weight - updates[name] for name, weight in weights.items()}
    return {"losses": losses, "parameters": weights}


def loss_gradients(
    first: Tensor, last: Tensor, x: Tensor, y: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the mean squared error of `TwoLayers` and its gradients by name, by the chain rule."""
    hidden = torch.tanh(x @ first)
    error = hidden @ last - y
    error_grad = 2 * error / error.numel()
    hidden_grad = (error_grad @ last.T) * (1 - hidden * hidden)
    return (error * error).mean(), {"first": x.T @ hidden_grad, "last": hidden.T @ error_grad}
