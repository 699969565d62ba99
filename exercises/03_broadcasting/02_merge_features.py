"""Broadcasting 02: merge features. Feed two inputs into one layer without tiling the smaller one.

Task
    Many models join features of every item with features of the whole group. The usual way repeats
    the group's features for each item, concatenates both and sends the result through a Linear.
    A Linear of a concatenation [a; b] is a sum, though: one Linear of a, plus one Linear of b.
    Write a module `Merge` that computes

        activation(linear1(a) + linear2(b))

    and leaves the repeating to the `+`. It equals the Linear of the tiled concatenation whose
    weight is [linear1.weight; linear2.weight] side by side and whose bias is the sum of both.

Shapes and units
    a          [..., n, in_features1]   floating, on the device of the parameters; n may be 1 or 0
    b          [..., 1, in_features2]   the dtype of a; or any shape that broadcasts with a,
                                        the last dim left aside
    return     [..., n, out_features]   for example [5, 3, 5] and [5, 1, 6] give [5, 3, 10]
               if the module is Merge(5, 6, 10)

Rules
    `linear1` and `linear2` are `torch.nn.Linear`s, both with a bias, and the module's only
    parameters. `activation` is any function of a tensor, such as `torch.relu`, or a module; None
    leaves the sum as it is. It is applied once, to the sum. Neither a nor b is modified.

Budget
    for a [g, n, i] and b [g, 1, j] with o output features, no activation, without gradients:
    at least 1.2 x faster than the tiled concatenation at g=64, n=128, i=128, j=128, o=64
    at most 0.6 * 4*g*n*(i + 2*j + o) bytes of extra memory at g=64, n=128, i=128, j=128, o=64
    (the tiled concatenation itself takes 4*g*n*(i + 2*j + o) bytes)

Hints
    1. Do the multiplication while b is still small; make it large only when you have to.
    Levels 2 and 3: `nox -s hint -- merge_features`.
"""

from collections.abc import Callable

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
