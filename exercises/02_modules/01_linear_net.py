"""Modules 01: linear net. Write a module with two trainable parameters.

Task
    Every PyTorch model is an `nn.Module`. It keeps track of its parameters, so that an optimizer
    can train them, `.to(device)` can move them and `state_dict()` can save them. Write the smallest
    such model: a module `Net` with the parameters `a` and `b` that computes a*x + b.

    Initialize `a` and `b` uniformly in [0, 1) with PyTorch's global generator, so that
    `torch.manual_seed` makes the initial values reproducible.

Shapes and units
    a, b       [1]   float32 parameters, drawn independently
    x          [n]   dtype and device of the parameters, also after `.double()`; n may be 0 or 1
    return     [n]   a*x + b

Rules
    `net.parameters()` yields exactly two tensors, which require grad, and `state_dict()` has
    exactly the keys `a` and `b`. Gradients flow to a, b and x. Do not modify `x`.

Budget
    No budget.

Hints
    1. A plain tensor attribute is not registered. Which class makes a tensor a parameter?
    Levels 2 and 3: `nox -s hint -- linear_net`.
"""

import torch
from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        raise NotImplementedError  # TODO: your code here

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError  # TODO: your code here
