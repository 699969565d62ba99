"""Reference: a column in, a column out, and only that column removed again.

Right for every n: `unsqueeze(1)` and `squeeze(1)` name the dim that they mean, so a dim that has
the size 1 by chance stays. Fast: both are views; nothing is copied.
"""

import torch
from torch import Tensor, nn

HINTS = (
    "Adding and removing a dim of size 1 are views; say which dim you mean, both times.",
    "`self.linear = nn.Linear(1, 1)` works on [n, 1]: `unsqueeze` before it, `squeeze` after it.",
    "`return self.linear(x.unsqueeze(1)).squeeze(1)`.",
)

TRAPS = {
    "Net": {
        "SqueezesAll": "shape",
        "LeavesColumn": "shape",
        "ReshapesCaller": "purity",
        "ForgetsBias": "values",
        "WithoutGraph": "gradient",
        "OwnParameters": "contract",
        "BuiltOnTheCpu": "device",
    },
}

ALTERNATIVES = {"Net": ("Indexed", "Reshaped", "ByFormula")}


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.unsqueeze(1)).squeeze(1)  # [n] -> [n, 1] -> [n, 1] -> [n]


class Indexed(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x[:, None])[:, 0]


class Reshaped(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.reshape(-1, 1)).flatten()


class ByFormula(Net):
    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.linear.bias, self.linear.weight[0], x)


class SqueezesAll(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.unsqueeze(1)).squeeze()  # drops the n dim too where n = 1


class LeavesColumn(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.unsqueeze(1))  # [n, 1] minus y of [n] will be [n, n] later


class ReshapesCaller(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.unsqueeze_(1)).squeeze(
            1
        )  # the underscore: the caller's x is [n, 1] now


class ForgetsBias(Net):
    def forward(self, x: Tensor) -> Tensor:
        return (x.unsqueeze(1) @ self.linear.weight.T).squeeze(1)


class WithoutGraph(Net):
    @torch.no_grad()  # good for inference; nothing can be trained through it
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.unsqueeze(1)).squeeze(1)


class OwnParameters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(1, 1))  # what nn.Linear would have made, and named
        self.bias = nn.Parameter(torch.rand(1))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x.unsqueeze(1), self.weight, self.bias).squeeze(1)


class BuiltOnTheCpu(Net):
    def forward(self, x: Tensor) -> Tensor:
        column = torch.zeros(len(x), 1, dtype=x.dtype)  # on the CPU, wherever x is
        return self.linear(column + x.unsqueeze(1)).squeeze(1)
