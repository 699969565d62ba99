"""Modules 04: sequential. Build a network of any depth from a list of sizes.

Task
    Write `mlp(sizes)`, which makes a `torch.nn.Sequential`: Linear layers from each size to the
    next one, a ReLU between each two of them, and no ReLU at the end (the last layer's output has
    to be free to be negative). So `mlp([64, 32, 10])` is

        Sequential(
          (0): Linear(in_features=64, out_features=32, bias=True)
          (1): ReLU()
          (2): Linear(in_features=32, out_features=10, bias=True)
        )

    and `mlp([64, 10])` is one Linear layer. Fewer than two sizes name no layer at all: raise a
    ValueError.

Shapes and units
    sizes         list or tuple of at least 2 ints, each at least 1
    return        a Sequential that maps [..., sizes[0]] to [..., sizes[-1]]

Rules
    Each call makes new layers. `sizes` stays as it is. The names of the modules and
    `ReLU(inplace=...)` are up to you. The layers stand in the Sequential itself, one after the
    other, not in further containers inside of it.

Budget
    No budget; this is about structure.

Hints
    1. A layer belongs to two neighbours in the list: walk over the pairs.
    Levels 2 and 3: `nox -s hint -- sequential`.
"""

from collections.abc import Sequence

from torch import nn


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    raise NotImplementedError  # TODO: your code here
