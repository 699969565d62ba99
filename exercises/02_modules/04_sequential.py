"""Modules 04: sequential. Build a network of any depth from a list of sizes.

Task
    The depth and width of a network are often settings of an experiment, so code builds the layers
    from a list. Write `mlp(sizes)`, which returns a `torch.nn.Sequential`: a Linear layer from each
    size to the next, a ReLU between consecutive Linear layers, and no ReLU at the end, so that
    outputs can be negative. For example, `mlp([64, 32, 10])` is

        Sequential(
          (0): Linear(in_features=64, out_features=32, bias=True)
          (1): ReLU()
          (2): Linear(in_features=32, out_features=10, bias=True)
        )

    and `mlp([64, 10])` contains a single Linear layer.

Shapes and units
    sizes         list or tuple of ints, each at least 1
    return        a Sequential with float32 parameters that maps [..., sizes[0]] to
                  [..., sizes[-1]]; any of the leading sizes may be 0

Rules
    Raise ValueError if there are fewer than two sizes. Every Linear layer is a new object, within
    one network and across calls. All layers are direct children of the Sequential, not of nested
    containers. All parameters require grad. Layers keep the initial values that PyTorch gives them.
    Do not modify `sizes`. Module names and `ReLU(inplace=...)` are up to you.

Budget
    No budget.

Hints
    1. Each Linear layer needs two neighboring sizes: iterate over the pairs.
    Levels 2 and 3: `nox -s hint -- sequential`.
"""

from collections.abc import Sequence

from torch import nn


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    raise NotImplementedError  # TODO: your code here
