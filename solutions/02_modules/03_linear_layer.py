"""Reference: add a dimension, apply the layer, and remove that same dimension.

Correct for every n: `unsqueeze(1)` and `squeeze(1)` name their dimension, so the first dimension
stays even if its size is 1. Fast: both are views, so nothing is copied.
"""

import torch
from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.unsqueeze(1)).squeeze(1)  # [n] -> [n, 1] -> [n, 1] -> [n]


HINTS = (
    "Adding or removing a dimension of size 1 takes one view. Name the dimension both times.",
    (
        "`self.linear = nn.Linear(1, 1)` maps [n, 1] to [n, 1]: use `unsqueeze` before it and "
        "`squeeze` after it."
    ),
    "`return self.linear(x.unsqueeze(1)).squeeze(1)`.",
)

EQUIVALENT = {
    "transposed if square in Net.forward: x": "x is a vector",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"Net": ("Indexed", "Reshaped", "ByFormula")}


class Indexed(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x[:, None])[:, 0]


class Reshaped(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.reshape(-1, 1)).flatten()


class ByFormula(Net):
    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.linear.bias, self.linear.weight[0], x)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "Net": {
        "SqueezesAll": "shape",
        "LeavesColumn": "shape",
        "ReshapesCaller": "purity",
        "ForgetsBias": "values",
        "WithoutGraph": "gradient",
        "OwnParameters": "contract",
        "BuiltOnTheCpu": "device",
        "Frozen": "contract",
        "KeepsResult": "values",
        "MarksInput": "purity",
        "HidesNan": "values",
    },
}


class SqueezesAll(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.unsqueeze(1)).squeeze()  # removes the first dimension too if n is 1


class LeavesColumn(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.unsqueeze(1))  # [n, 1]: minus a target [n], this broadcasts to [n, n]


class ReshapesCaller(Net):
    def forward(self, x: Tensor) -> Tensor:
        # The underscore means in place: the caller's x now has the shape [n, 1].
        return self.linear(x.unsqueeze_(1)).squeeze(1)


class ForgetsBias(Net):
    def forward(self, x: Tensor) -> Tensor:
        return (x.unsqueeze(1) @ self.linear.weight.T).squeeze(1)  # does not add the bias


class WithoutGraph(Net):
    @torch.no_grad()  # fine for inference, but nothing can be trained through it
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.unsqueeze(1)).squeeze(1)


class OwnParameters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(1, 1))  # not in a layer named `linear`
        self.bias = nn.Parameter(torch.rand(1))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x.unsqueeze(1), self.weight, self.bias).squeeze(1)


class BuiltOnTheCpu(Net):
    def forward(self, x: Tensor) -> Tensor:
        column = torch.zeros(len(x), 1, dtype=x.dtype)  # always on the CPU
        return self.linear(column + x.unsqueeze(1)).squeeze(1)


class Frozen(Net):
    def __init__(self) -> None:
        super().__init__()
        self.linear.requires_grad_(requires_grad=False)  # an optimizer cannot train it


class KeepsResult(Net):
    def forward(self, x: Tensor) -> Tensor:
        known = self.__dict__.setdefault("known", {})
        if x.shape not in known:
            known[x.shape] = super().forward(x)
        return known[x.shape]  # the first result for every x of this shape


class MarksInput(Net):
    def forward(self, x: Tensor) -> Tensor:
        if x.is_leaf and torch.is_grad_enabled():
            x.requires_grad_()  # now everything computed from the caller's x builds a graph
        return super().forward(x)


class HidesNan(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.nan_to_num())
