"""Modules 03: linear layer. The line again, by the layer that PyTorch has for it.

Task
    Write a module `Net` that computes weight*x + bias like `Net` of linear_net, but by one
    `torch.nn.Linear(1, 1)`, kept as `self.linear`. That layer wants its input as a column: one
    row per point, one number per row. Your `forward` takes plain `x`, so it makes the column, and
    gives back a result of the very shape that came in.

    Mind the way back for a single point. There are two dims of size 1 then, and this is what
    `squeeze` makes of them:

        torch.zeros(5, 1).squeeze().shape     torch.Size([5])
        torch.zeros(1, 1).squeeze().shape     torch.Size([])

Shapes and units
    linear.weight    [1, 1]  float32 parameter
    linear.bias      [1]     float32 parameter
    x                [n]     floating, dtype and device of the parameters; n may be 0 or 1
    return           [n]     weight*x + bias

Rules
    `linear` is the only thing in the module that has parameters. `x` stays as it is, its shape
    too. Gradients flow to weight, bias and x.

Budget
    No budget; a layer and two views are all it takes.

Hints
    1. Adding and removing a dim of size 1 are views; say which dim you mean, both times.
    Levels 2 and 3: `nox -s hint -- linear_layer`.
"""

from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        raise NotImplementedError  # TODO: your code here

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError  # TODO: your code here
