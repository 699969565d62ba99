"""Modules 03: linear layer. Apply nn.Linear to a vector of numbers.

Task
    `nn.Linear` expects a batch of feature vectors: one row per point, one column per feature. If
    each point is a single number, the vector [n] has to become a column [n, 1] first. Write a
    module `Net` that computes weight*x + bias, like `Net` from linear_net, but with one
    `torch.nn.Linear(1, 1)` stored as `self.linear`. `forward` takes a vector and returns a vector
    of the same shape.

    Be careful when you turn the column back into a vector: with a single point, it has two
    dimensions of size 1, and `squeeze()` removes both.

        torch.zeros(5, 1).squeeze().shape     torch.Size([5])
        torch.zeros(1, 1).squeeze().shape     torch.Size([])

Shapes and units
    linear.weight    [1, 1]  float32 parameter
    linear.bias      [1]     float32 parameter
    x                [n]     dtype and device of the parameters, also after `.double()`; n may be 0
                             or 1
    return           [n]     weight*x + bias

Rules
    The module has no parameters other than those of `linear`, and both require grad. `linear` keeps
    the initial values that PyTorch gives it. Do not modify `x` or its shape. Gradients flow to
    weight, bias and x.

Budget
    No budget.

Hints
    1. Adding or removing a dimension of size 1 takes one view. Name the dimension both times.
    Levels 2 and 3: `nox -s hint -- linear_layer`.
"""

import torch
from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        raise NotImplementedError  # TODO: your code here

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError  # TODO: your code here
