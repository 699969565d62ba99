"""Reference: broadcasting for the images, autocast for the forward pass, and one read at the end.

Fast: the losses stay on the device as 0-d tensors and are read together at the end, not one by one.
Correct: `checker` uses integers. float16 loses small gradients, so `train` enables a scaler for it,
which reads one flag per step. bfloat16 has the range of float32 and needs no scaler. Measured: with
32x32 pixels, freq 4 and a net with 64 channels, the loss falls from 0.75 to 0.06 in 60 steps with
lr=0.01.
"""
# The signatures are those of the stub, in traps too.
# ruff: noqa: FBT001, ARG001

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss


def grid(width: int, height: int) -> Tensor:
    along, down = torch.arange(width) / width, torch.arange(height) / height
    return torch.stack(torch.meshgrid(along, down, indexing="xy"))  # 2 x [height, width]


def checker(width: int, height: int, freq: int) -> Tensor:
    column = torch.arange(width) * freq // width  # [width]
    row = torch.arange(height)[:, None] * freq // height  # [height, 1]
    return ((row + column) % 2).float()


def train(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    kind = inputs.device.type
    half = amp and torch.get_autocast_dtype(kind) is torch.float16
    scaler = torch.amp.GradScaler(kind, enabled=half)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        with torch.autocast(kind, enabled=amp):
            loss = mse_loss(net(inputs), targets)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.detach())
    return torch.stack(losses).tolist()


HINTS = (
    "`grid` and `checker` need no loop: make one row and one column, and let them broadcast.",
    (
        "`torch.meshgrid` with indexing='xy' makes both channels. `torch.autocast` has an argument "
        "`enabled`. Keep the losses as tensors, and read all of them at the end."
    ),
    (
        "Around the forward pass, `with torch.autocast(inputs.device.type, enabled=amp):`. Append "
        "`loss.detach()` to a list, and return `torch.stack(losses).tolist()`."
    ),
)

EQUIVALENT = {
    "float result in grid: result": "the result is float32 already",
    "dropped detach in train: loss.detach() -> loss": (
        "backward frees what the graph of a loss holds"
    ),
    "infinity limited in train: targets": "targets are finite",
    "infinity limited in train: inputs": "inputs are finite",
    "float result in checker: result": "the result is float32 already",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "grid": ("by_linspace", "by_expand"),
    "checker": ("by_xor",),
    "train": ("with_scaler", "into_a_buffer", "by_closure"),
}


def by_linspace(width: int, height: int) -> Tensor:
    along = torch.linspace(0, 1, width + 1)[:-1].repeat(height, 1)
    down = torch.linspace(0, 1, height + 1)[:-1, None].repeat(1, width)
    return torch.stack([along, down])


def by_expand(width: int, height: int) -> Tensor:
    out = torch.empty(2, height, width)
    out[0] = torch.arange(width) / width
    out[1] = (torch.arange(height) / height)[:, None]
    return out


def by_xor(width: int, height: int, freq: int) -> Tensor:
    column = torch.arange(width) * freq // width & 1
    row = torch.arange(height) * freq // height & 1
    return (row[:, None] ^ column).to(torch.float32)


def with_scaler(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    kind = inputs.device.type
    scaler = torch.amp.GradScaler(kind, enabled=amp)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    losses = targets.new_zeros(0)
    for _ in range(steps):
        with torch.autocast(kind, enabled=amp):
            loss = (net(inputs) - targets).square().mean()
        net.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses = torch.cat([losses, loss.detach()[None]])
    return losses.cpu().tolist()


def into_a_buffer(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    losses = targets.new_empty(steps)
    for step in range(steps):
        with torch.autocast(inputs.device.type, enabled=amp):
            output = net(inputs)
        loss = mse_loss(output.to(targets.dtype), targets)
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
        losses[step] = loss.detach()
    return losses.tolist()


def by_closure(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)

    def closure() -> Tensor:
        with torch.autocast(inputs.device.type, enabled=amp):
            loss = mse_loss(net(inputs), targets)
        loss.backward()
        return loss.detach()

    losses = []
    for _ in range(steps):
        losses.append(optimizer.step(closure))
        optimizer.zero_grad()  # clearing at the end of a step works too
    return torch.stack(losses).tolist()


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "grid": {"up_to_one": "values", "transposed_grid": "shape", "kept_buffer": "purity"},
    "checker": {"floor_of_floats": "values", "whole_numbers": "dtype"},
    "train": {
        "read_each_step": "ops",
        "read_one_by_one": "ops",
        "half_net": "dtype",
        "cuda_only": "dtype",
        "always_on": "dtype",
        "gradients_pile_up": "values",
        "plain_descent": "values",
        "new_optimizer_each_step": "values",
        "one_step_ahead": "values",
        "left_on": "dtype",
        "on_the_cpu": "device",
        "with_weight_decay": "values",
    },
}


def up_to_one(width: int, height: int) -> Tensor:
    # The last coordinate is 1.
    along, down = torch.linspace(0, 1, width), torch.linspace(0, 1, height)
    return torch.stack(torch.meshgrid(along, down, indexing="xy"))


def transposed_grid(width: int, height: int) -> Tensor:
    along, down = torch.arange(width) / width, torch.arange(height) / height
    return torch.stack(torch.meshgrid(along, down, indexing="ij"))  # 2 x [width, height]


GRIDS: dict[tuple[int, int], Tensor] = {}


def kept_buffer(width: int, height: int) -> Tensor:
    # A caller that changes its grid in place changes the next one as well.
    buffer = GRIDS.setdefault((width, height), torch.empty(2, height, width))
    return buffer.copy_(up_to_one(width + 1, height + 1)[:, :-1, :-1])


def floor_of_floats(width: int, height: int, freq: int) -> Tensor:
    return (grid(width, height) * freq).floor().sum(0) % 2  # 13 / 22 * 22 is 12.999999 in float32


def whole_numbers(width: int, height: int, freq: int) -> Tensor:
    row = torch.arange(height)[:, None] * freq // height
    return (row + torch.arange(width) * freq // width) % 2  # int64, not float32


def read_each_step(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        with torch.autocast(inputs.device.type, enabled=amp):
            loss = mse_loss(net(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())  # the CPU waits here until the GPU has finished the step
    return losses


def read_one_by_one(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        with torch.autocast(inputs.device.type, enabled=amp):
            loss = mse_loss(net(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return [float(loss) for loss in losses]  # after the loop, but still one read per step


def half_net(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    if amp:
        low = torch.get_autocast_dtype(inputs.device.type)
        net.to(low)  # parameters in 16 bits lose small updates
        inputs, targets = inputs.to(low), targets.to(low)
    return trained_fully(net, inputs, targets, steps, lr)


def trained_fully(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float
) -> list[float]:
    """Train without autocast."""
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = mse_loss(net(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).tolist()


def new_optimizer_each_step(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    # Resets the running averages of Adam in each step.
    return [by_closure(net, inputs, targets, 1, lr, amp)[0] for _ in range(steps)]


def one_step_ahead(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    by_closure(net, inputs, targets, 1, lr, amp)
    return by_closure(net, inputs, targets, steps, lr, amp)  # one step too many; no first loss


def left_on(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    losses = by_closure(net, inputs, targets, steps, lr, amp)
    # Never disabled again, so the caller's code runs under autocast.
    torch.set_autocast_enabled(device_type=inputs.device.type, enabled=amp)
    return losses


def cuda_only(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    with torch.autocast("cuda", enabled=amp):  # no effect on tensors of another device type
        return trained_fully(net, inputs, targets, steps, lr)


def always_on(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    with torch.autocast(inputs.device.type):  # ignores amp
        return trained_fully(net, inputs, targets, steps, lr)


def gradients_pile_up(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        with torch.autocast(inputs.device.type, enabled=amp):
            loss = mse_loss(net(inputs), targets)
        loss.backward()  # adds to the gradients of all earlier steps
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).tolist()


def with_weight_decay(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    optimizer = torch.optim.Adam(net.parameters(), lr=lr, weight_decay=1e-2)  # not the default
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        with torch.autocast(inputs.device.type, enabled=amp):
            loss = mse_loss(net(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).tolist()


def plain_descent(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)  # SGD instead of Adam
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        with torch.autocast(inputs.device.type, enabled=amp):
            loss = mse_loss(net(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).tolist()


def on_the_cpu(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    losses = torch.zeros(steps)
    for step in range(steps):
        optimizer.zero_grad()
        with torch.autocast("cpu", enabled=amp):  # correct only if inputs are on the CPU
            loss = mse_loss(net(inputs), targets)
        loss.backward()
        optimizer.step()
        losses[step] = loss.detach()  # losses is on the CPU: one read per step
    return losses.tolist()
