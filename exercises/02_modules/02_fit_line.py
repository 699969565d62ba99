"""Modules 02: fit a line. Train a module by gradient descent, and read the loss only once.

Task
    Train `net` so that net(x) comes close to `y`: take `steps` steps of plain gradient descent
    (SGD, no momentum) with the step size `lr` on the mean squared error over all points. Return
    the loss of the last step as a Python float, measured before or after the last update, as you
    like. `net` itself is trained: whoever passed it finds the new parameters in it.

    The data that the checks draw are y = 5x + 3 + noise on x = 0, 0.01, ..., 0.99. The noise is
    uniform in [0, 0.3): 0.15 on average, which no line can tell from the intercept. So 10,000
    steps of 0.01 from a random start gave

        a = 5.017   b = 3.138   loss = 0.0077

    and that b is right: the best intercept is near 3.15, not 3.

Shapes and units
    net       any module that maps [n] to [n], such as `Net` of linear_net; train whatever
              `net.parameters()` yields
    x, y      [n]    floating, on the device of the parameters
    steps     int    at least 1
    lr        float
    return    float  a Python number, no tensor

Rules
    Gradients that an earlier training left in `net` must not count. `x` and `y` stay as they are.
    Reading a number from a GPU (`.item()`, `float(t)`, `.tolist()`, `.numpy()`, `.cpu()`,
    `print(t)`, `if t > 0`) makes the CPU wait until the GPU has done all its work. Once, at the
    end, is fine; once per step costs more than the step.

Budget
    at most 1 host synchronisation (however many steps)

Hints
    1. Inside of the loop the loss can stay a tensor: nobody looks at it before the end.
    Levels 2 and 3: `nox -s hint -- fit_line`.
"""

from torch import Tensor, nn


def fit(net: nn.Module, x: Tensor, y: Tensor, steps: int = 10000, lr: float = 0.01) -> float:
    raise NotImplementedError  # TODO: your code here
