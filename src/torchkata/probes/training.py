"""Watch training steps: a small net, and a recorder for its optimizer and loss function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from torchkata.probes.settings import autocast_changes, module_changes


class TwoLayers(nn.Module):
    """The net `tanh(x @ first) @ last`.

    Args:
        first: weights of the first layer, [i, h]; copied.
        last: weights of the last layer, [h, o]; copied.

    Attributes:
        outputs: the dtype of each output so far, as text.
    """

    def __init__(self, first: Tensor, last: Tensor) -> None:
        super().__init__()
        self.first = nn.Parameter(first.detach().clone())
        self.last = nn.Parameter(last.detach().clone())
        self.outputs: list[str] = []

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, i] -> [n, o]."""
        output = torch.tanh(x @ self.first) @ self.last
        self.outputs.append(str(output.dtype))
        return output

    def summary(self) -> dict[str, Any]:
        """Return `parameters`, detached, and `gradients`, or None, by name; and `outputs`."""
        named = dict(self.named_parameters())
        return {
            "parameters": {name: parameter.detach() for name, parameter in named.items()},
            "gradients": {name: parameter.grad for name, parameter in named.items()},
            "outputs": self.outputs,
        }


def training_problem(
    generator: torch.Generator, n: int = 12, i: int = 7, h: int = 16, o: int = 3
) -> list[Tensor]:
    """Draw weights for `TwoLayers` and data: [i, h], [h, o], [n, i] and [n, o]."""
    sizes = ((i, h), (h, o), (n, i), (n, o))
    return [torch.randn(size, generator=generator) for size in sizes]


def fill_stale_grads(net: nn.Module) -> None:
    """Set the gradients of all parameters to 9, as if left over from an earlier step."""
    for parameter in net.parameters():
        parameter.grad = torch.full_like(parameter, 9.0)


class TrainingRecorder:
    """Provides an optimizer and a loss function for a net, and records what a step does with them.

    Args:
        net: the net to train.
        kind: the device type whose autocast is observed.
        optimizer: a name in torch.optim.
        settings: keyword arguments of the optimizer.

    Attributes:
        optimizer: the optimizer to pass to the step.
        steps: the number of steps that it has made.
        forward: whether autocast was on, for each call of `loss_fn`.
        backward: whether autocast was on, for each backward pass through the net's output.
        updates: whether autocast was on, for each step of the optimizer.
        losses: the value that each step returned; detached if it is a tensor.
        attached: whether each of these still had its autograd graph.
        devices: the device of each, as text.

    Raises:
        ValueError: the net has no parameters.
    """

    def __init__(
        self, net: nn.Module, kind: str = "cpu", optimizer: str = "SGD", **settings: float
    ) -> None:
        parameters = list(net.parameters())
        if not parameters:
            raise ValueError(
                f"{type(net).__name__} has no parameters, so there is nothing to train. Wrap "
                "tensors in torch.nn.Parameter, and assign layers as attributes of the module."
            )
        self.optimizer: torch.optim.Optimizer = getattr(torch.optim, optimizer)(
            parameters, **settings
        )
        self.optimizer.register_step_post_hook(self._count_step)
        self.steps = 0
        self.forward: list[bool] = []
        self.backward: list[bool] = []
        self.updates: list[bool] = []
        self.losses: list[Any] = []
        self.attached: list[bool] = []
        self.devices: list[str] = []
        self._kind = kind

    def _count_step(self, *_: Any) -> None:
        self.steps += 1
        self.updates.append(torch.is_autocast_enabled(self._kind))

    def loss_fn(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean squared error, and record whether autocast is on."""
        self.forward.append(torch.is_autocast_enabled(self._kind))
        if output.requires_grad:
            output.register_hook(self._record_backward)  # type: ignore[no-untyped-call]
        return mse_loss(output, target)

    def _record_backward(self, _: Tensor) -> None:
        self.backward.append(torch.is_autocast_enabled(self._kind))

    def record(self, loss: Any) -> None:
        """Record the value that a step returned."""
        attached = torch.is_tensor(loss) and loss.requires_grad
        self.losses.append(loss.detach() if attached else loss)
        self.attached.append(attached)
        self.devices.append(str(getattr(loss, "device", "no device")))

    def summary(self) -> dict[str, Any]:
        """Return all attributes except the optimizer, as plain data."""
        names = ("losses", "attached", "devices", "steps", "forward", "backward", "updates")
        return {name: getattr(self, name) for name in names}


def training_steps(
    kata: ModuleType,
    run: Callable[..., Any],
    problem: list[Tensor],
    low: str = "",
    *,
    optimizer: str = "SGD",
    settings: Mapping[str, float] = MappingProxyType({"lr": 0.05}),
    steps: int = 2,
    stale: bool = True,
) -> dict[str, Any]:
    """Run training steps of `TwoLayers`.

    Args:
        kata: the submission.
        run: `run(kata, net, recorder, x, y)` runs one step and returns the loss.
        problem: what `training_problem` returns.
        low: the low-precision dtype of autocast, such as `float16` (default: unchanged).
        optimizer: a name in torch.optim.
        settings: its keyword arguments.
        steps: the number of steps.
        stale: whether each step starts with gradients left over from an earlier one.

    Returns:
        What the recorder and the net recorded, see their `summary`; `changes`, the settings of
        autocast that the steps leave changed; and `changes of net`, see `module_changes`.
    """
    first, last, x, y = problem
    net = TwoLayers(first, last)
    recorder = TrainingRecorder(net, x.device.type, optimizer, **settings)
    with module_changes(net) as of_net, autocast_changes(x.device.type, low) as changes:
        for _step in range(steps):
            if stale:
                fill_stale_grads(net)
            recorder.record(run(kata, net, recorder, x, y))
    return recorder.summary() | net.summary() | {"changes": changes, "changes of net": of_net}
