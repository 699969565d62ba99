"""Modules 01: linear net. Write the smallest module: a line with two parameters.

Task
    Write a module `Net` that computes a*x + b. The numbers `a` and `b` are to be learned, so they
    are parameters: an optimizer finds them, `.to(device)` moves them, `state_dict()` saves them.
    Both start uniform in [0, 1), drawn from PyTorch's global generator (after
    `torch.manual_seed(3)` the same numbers come again).

Shapes and units
    a, b       [1]   float32 parameters
    x          [n]   floating, on the device of the parameters; n may be 0 or 1
    return     [n]   a*x + b

Rules
    `net.parameters()` yields exactly two tensors, and `state_dict()` has exactly the keys a and b.
    A plain tensor as an attribute is no parameter: it would be neither trained, moved nor saved.

Budget
    No budget; two operations are all it takes.

Hints
    1. A module knows a tensor as its own only if it is wrapped in a certain class.
    Levels 2 and 3: `nox -s hint -- linear_net`.
"""

from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        raise NotImplementedError  # TODO: your code here

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError  # TODO: your code here
