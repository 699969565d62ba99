"""Watch a training step: a small net, an optimizer and a loss that note what is done with them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss


class TwoLayers(nn.Module):
    """`tanh(x @ first) @ last`, from given weights.

    Attributes:
        outputs: the dtype of each output so far, as text.
    """

    def __init__(self, first: Tensor, last: Tensor) -> None:
        super().__init__()
        self.first = nn.Parameter(first.detach().clone())
        self.last = nn.Parameter(last.detach().clone())
        self.outputs: list[str] = []

    def forward(self, x: Tensor) -> Tensor:
        """[n, i] -> [n, o]."""
        output = torch.tanh(x @ self.first) @ self.last
        self.outputs.append(str(output.dtype))
        return output

    def state(self) -> dict[str, dict[str, Any]]:
        """The parameters, detached, and their gradients (None where there are none), by name."""
        named = dict(self.named_parameters())
        return {
            "parameters": {name: parameter.detach() for name, parameter in named.items()},
            "gradients": {name: parameter.grad for name, parameter in named.items()},
        }


def stale(net: nn.Module) -> None:
    """Leave gradients of 9 in all parameters, as if from an earlier step."""
    for parameter in net.parameters():
        parameter.grad = torch.full_like(parameter, 9.0)


class Watch:
    """An optimizer and a loss function for a net, and what a training step did with them.

    Args:
        net: to be trained.
        kind: the type of device whose autocast is looked at.
        optimizer: a name in torch.optim.
        settings: of the optimizer.

    Attributes:
        optimizer: to be handed to the step.
        steps: how many steps it has made.
        forward: whether autocast was on in each call of `loss_fn`.
        backward: whether it was on when each backward pass came through the net's output.
        graphs: whether each loss that came back still had its gradient graph.

    Raises:
        ValueError: the net has no parameters.
    """

    def __init__(
        self, net: nn.Module, kind: str = "cpu", optimizer: str = "SGD", **settings: float
    ) -> None:
        parameters = list(net.parameters())
        if not parameters:
            raise ValueError(
                f"{type(net).__name__} has no parameters, so there is nothing to train. Tensors "
                "become parameters by torch.nn.Parameter, layers by being attributes."
            )
        self.optimizer: torch.optim.Optimizer = getattr(torch.optim, optimizer)(
            parameters, **settings
        )
        self.optimizer.register_step_post_hook(self._count)
        self.steps = 0
        self.forward: list[bool] = []
        self.backward: list[bool] = []
        self.graphs: list[bool] = []
        self._kind = kind

    def _count(self, *_: Any) -> None:
        self.steps += 1

    def loss_fn(self, output: Tensor, target: Tensor) -> Tensor:
        """The mean squared error, with an eye on autocast."""
        self.forward.append(torch.is_autocast_enabled(self._kind))
        if output.requires_grad:
            output.register_hook(self._passed)  # type: ignore[no-untyped-call]
        return mse_loss(output, target)

    def _passed(self, _: Tensor) -> None:
        self.backward.append(torch.is_autocast_enabled(self._kind))

    def detached(self, loss: Any) -> Any:
        """What a step returned, for the judge: without its graph, if it is a tensor at all."""
        if not torch.is_tensor(loss):
            return loss
        self.graphs.append(loss.requires_grad)
        return loss.detach()


def slopes(first: Tensor, last: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The mean squared error of `TwoLayers` and its gradients by name, by the chain rule."""
    hidden = torch.tanh(x @ first)
    error = hidden @ last - y
    slope = 2 * error / error.numel()
    inner = (slope @ last.T) * (1 - hidden * hidden)
    return (error * error).mean(), {"first": x.T @ inner, "last": hidden.T @ slope}
