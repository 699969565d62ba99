"""Mixed precision 04: checkerboard. Train a small network to draw, in full or mixed precision.

Task
    A network that maps the coordinates of a pixel to its colour learns one image. Here the image is
    a checkerboard. Write three functions:

    `grid` gives the coordinates of all pixels: channel 0 is j / width, along the width, and
    channel 1 is i / height, along the height, for the pixel in row i and column j.

    `checker` gives the image: entry (i, j) is (j*freq // width + i*freq // height) % 2. Mind that
    these are whole numbers. In float32, 13 parts of 22 are not quite what they should be:

        >>> torch.tensor(13) / 22 * 22
        tensor(13.0000)
        >>> (torch.tensor(13) / 22 * 22).floor()
        tensor(12.)

    `train` makes `steps` steps of Adam (`torch.optim.Adam` with learning rate `lr`, all else as it
    is by default) on the mean squared error between net(inputs) and targets, and returns the loss
    of each step, before its update. With amp=True the forward pass runs under autocast of the
    device type of `inputs`, in its default low precision; with amp=False all is as usual.

Shapes and units
    width, height, freq    int, at least 1
    grid(...)              [2, height, width]  float32, in [0, 1)
    checker(...)           [height, width]     float32, 0.0 or 1.0
    net                    nn.Module with float32 or float64 parameters, on the device of inputs
    inputs, targets        tensors; net(inputs) has the shape of targets
    steps, lr, amp         int, at least 1; float; bool
    train(...)             list of `steps` Python floats

Rules
    Train net in place; its parameters keep their dtype, with amp too. Gradients do not add up over
    the steps. A loss that is read in each step makes the CPU wait for the GPU each time: keep the
    losses as tensors and read them once, at the end. A GradScaler (where the low precision is
    float16) is welcome, but not asked for; it reads one flag in each step.
    32x32 pixels, freq 4 and a net of 64 channels go from 0.75 to 0.06 in 60 steps of 0.01;
    at least half of the first loss has to disappear.

Budget
    for `train` with amp=False: at most 1 host synchronisation

Hints
    1. Coordinates and squares need no loop: make one row and one column, and let them broadcast.
    Levels 2 and 3: `nox -s hint -- checkerboard`.
"""

from torch import Tensor, nn


def grid(width: int, height: int) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def checker(width: int, height: int, freq: int) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def train(
    net: nn.Module, inputs: Tensor, targets: Tensor, steps: int, lr: float, amp: bool
) -> list[float]:
    raise NotImplementedError  # TODO: your code here
