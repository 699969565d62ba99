"""Train `TwoLayers` by the formulas alone: a second oracle, of no optimizer and no autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Named = dict[str, Tensor]


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
    """Descend with momentum, the gradients clipped to a norm over all of them.

    Returns:
        `losses`, a 0-d tensor for each step, and `parameters` by name.
    """
    velocity = {"first": torch.zeros_like(first), "last": torch.zeros_like(last)}

    def move(gradients: Named, _step: int) -> Named:
        norm = sum(float((g * g).sum()) for g in gradients.values()) ** 0.5
        factor = min(1.0, max_norm / norm) if norm else 1.0
        for name, gradient in gradients.items():
            velocity[name] = momentum * velocity[name] + factor * gradient
        return {name: lr * velocity[name] for name in gradients}

    return _descended({"first": first, "last": last}, x, y, steps, move)


def adam_descent(
    first: Tensor, last: Tensor, x: Tensor, y: Tensor, steps: int, *, lr: float
) -> dict[str, Any]:
    """Descend by Adam, with its usual settings.

    Returns:
        `losses`, a 0-d tensor for each step, and `parameters` by name.
    """
    mean = {"first": torch.zeros_like(first), "last": torch.zeros_like(last)}
    square = dict(mean)

    def move(gradients: Named, step: int) -> Named:
        moves = {}
        for name, g in gradients.items():
            mean[name] = 0.9 * mean[name] + 0.1 * g
            square[name] = 0.999 * square[name] + 0.001 * g * g
            width = (square[name] / (1 - 0.999**step)) ** 0.5
            moves[name] = lr * mean[name] / (1 - 0.9**step) / (width + 1e-8)
        return moves

    return _descended({"first": first, "last": last}, x, y, steps, move)


def _descended(
    weights: Named, x: Tensor, y: Tensor, steps: int, move: Callable[[Named, int], Named]
) -> dict[str, Any]:
    losses = []
    for step in range(1, steps + 1):
        loss, gradients = slopes(**weights, x=x, y=y)
        losses.append(loss)
        moves = move(gradients, step)
        weights = {name: weight - moves[name] for name, weight in weights.items()}
    return {"losses": losses, "parameters": weights}


def slopes(first: Tensor, last: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The mean squared error of `TwoLayers` and its gradients by name, by the chain rule."""
    hidden = torch.tanh(x @ first)
    error = hidden @ last - y
    slope = 2 * error / error.numel()
    inner = (slope @ last.T) * (1 - hidden * hidden)
    return (error * error).mean(), {"first": x.T @ inner, "last": hidden.T @ slope}
