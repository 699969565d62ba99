"""Mixed precision 04: checkerboard. Train a network on an image, in full or mixed precision.

Task
    A small network that maps pixel coordinates to colors can learn an image, which makes it a quick
    test of a training loop. Here the image is a checkerboard. Write three functions.

    `grid` returns the coordinates of all pixels. For the pixel in row i and column j, channel 0 is
    j / width and channel 1 is i / height.

    `checker` returns the image: entry (i, j) is (j*freq // width + i*freq // height) % 2. Use
    integers: in float32, 13 / 22 * 22 is slightly less than 13, so its floor is 12.

    `train` takes `steps` steps of `torch.optim.Adam` with learning rate `lr` and default settings
    otherwise, on the mean squared error between net(inputs) and targets. It returns the loss of
    each step, computed before the update. With amp=True, the forward pass runs under autocast for
    the device type of `inputs`, in its default low precision. With amp=False, it runs without
    autocast.

Shapes and units
    width, height, freq    int, at least 1
    grid(...)              [2, height, width]  float32, in [0, 1), on the CPU
    checker(...)           [height, width]     float32, 0.0 or 1.0, on the CPU
    net                    nn.Module with float32 or float64 parameters, on the device of inputs
    inputs, targets        finite, of the dtype of net; net(inputs) has the shape of targets
    steps, lr, amp         int, at least 1; float; bool
    train(...)             list of `steps` Python floats

Rules
    Train `net` in place, and do not modify inputs and targets. The parameters keep their dtype,
    also with amp=True. Gradients do not accumulate over the steps. Leave the settings of autocast
    and the mode of `net` (training or evaluation) as they were. On a checkerboard of 16x16 pixels
    with 2x2 squares, the last of 40 losses must be less than half of the first. If the low
    precision is float16, you may use a GradScaler, but you do not have to.

Budget
    A host synchronization is a read of a device tensor by the CPU, such as `.item()`.
    for `train` with amp=False: at most 1 host synchronization

Hints
    1. `grid` and `checker` need no loop: make one row and one column, and let them broadcast.
    Levels 2 and 3: `nox -s hint -- checkerboard`.
"""

import torch
from torch import Tensor, nn


def grid(width: int, height: int) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def checker(width: int, height: int, freq: int) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def train(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    raise NotImplementedError  # TODO: your code here
