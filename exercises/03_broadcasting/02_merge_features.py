"""Broadcasting 02: merge features. Feed two inputs to one layer without tiling the smaller one.

Task
    Many models combine the features of each item with features of its whole group. The usual code
    repeats the group's features for every item, concatenates both and applies a Linear layer. But
    a Linear of a concatenation [a; b] is the sum of a Linear of a and a Linear of b, so
    broadcasting can do the repeating. Write a module `Merge` that computes

        activation(linear1(a) + linear2(b))

    Before the activation, this equals one Linear applied to the tiled concatenation, with both
    weights side by side and the sum of both biases.

Shapes and units
    a          [..., n, in_features1]   float32 or float64, dtype and device of the parameters; n
                                        may be 1 or 0
    b          [..., 1, in_features2]   the dtype of a; or any shape that broadcasts with a, apart
                                        from the last dimension, such as [..., n, in_features2]
    return     [..., n, out_features]   with Merge(5, 6, 10), for example, [5, 3, 5] and [5, 1, 6]
                                        give [5, 3, 10]; if a has one row and b has n, also n rows

Rules
    `linear1` and `linear2` are `torch.nn.Linear` layers with a bias, and the module has no other
    parameters. They keep the initial values that PyTorch gives them. `activation` is a function of
    a tensor such as `torch.relu`, a module without parameters, or None for no activation. Call it
    once, with the sum. Do not modify a or b. Gradients flow to a, b and all parameters.

Budget
    for a [g, n, i] and b [g, 1, j] with o output features, no activation, without gradients:
    at least 1.2x faster than the tiled concatenation at g=64, n=128, i=128, j=128, o=64
    at most 2.5 * output bytes of extra memory at g=64, n=128, i=128, j=128, o=64
    (a copy of linear2(b) for every item is too much; the tiled concatenation takes 7 * output)

Hints
    1. Multiply while b is still small, and let it grow only afterwards.
    Levels 2 and 3: `nox -s hint -- merge_features`.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Merge(nn.Module):
    def __init__(
        self,
        in_features1: int,
        in_features2: int,
        out_features: int,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        raise NotImplementedError  # TODO: your code here

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        raise NotImplementedError  # TODO: your code here
