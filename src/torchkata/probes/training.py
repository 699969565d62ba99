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

    def seen(self) -> dict[str, Any]:
        """`parameters`, detached, and `gradients`, or None, by name; and the `outputs`."""
        named = dict(self.named_parameters())
        return {
            "parameters": {name: parameter.detach() for name, parameter in named.items()},
            "gradients": {name: parameter.grad for name, parameter in named.items()},
            "outputs": self.outputs,
        }


def problem(
    generator: torch.Generator, n: int = 12, i: int = 7, h: int = 16, o: int = 3
) -> list[Tensor]:
    """Draw weights for `TwoLayers` and data: [i, h], [h, o], [n, i] and [n, o]."""
    sizes = ((i, h), (h, o), (n, i), (n, o))
    return [torch.randn(size, generator=generator) for size in sizes]


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
        losses: what came back from each step, without its graph if it is a tensor at all.
        graphs: whether each of these still had its gradient graph.
        places: the device of each, as text.

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
        self.losses: list[Any] = []
        self.graphs: list[bool] = []
        self.places: list[str] = []
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

    def note(self, loss: Any) -> None:
        """Keep what a step returned."""
        attached = torch.is_tensor(loss) and loss.requires_grad
        self.losses.append(loss.detach() if attached else loss)
        self.graphs.append(attached)
        self.places.append(str(getattr(loss, "device", "no device")))

    def seen(self) -> dict[str, Any]:
        """All attributes but the optimizer, for the judge."""
        names = ("losses", "graphs", "places", "steps", "forward", "backward")
        return {name: getattr(self, name) for name in names}
