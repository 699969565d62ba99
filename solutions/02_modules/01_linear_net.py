"""Reference: two `nn.Parameter`s, registered by the mere assignment to self.

Right: nn.Module looks at each attribute as it is set; Parameters go to the list that optimizers,
`.to()` and `state_dict()` walk through. Fast: nothing is looked up or moved in `forward`.
"""

import torch
from torch import Tensor, nn

HINTS = (
    "A module knows a tensor as its own only if it is wrapped in a certain class.",
    "`nn.Parameter(tensor)` set as an attribute in `__init__` is registered by itself.",
    "`self.a = nn.Parameter(torch.rand(1))`, the same for b; forward is `self.a * x + self.b`.",
)

TRAPS = {
    "Net": {
        "PlainTensors": "contract",
        "NormalStart": "values",
        "ScalarParameters": "shape",
        "CopiesInForward": "gradient",
        "KeepsNumbers": "values",
        "ConstantOnTheCpu": "device",
    },
}

ALTERNATIVES = {"Net": ("Registered", "OneByOne")}


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.rand(1))
        self.b = nn.Parameter(torch.rand(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.a * x + self.b  # [1] * [n] + [1] -> [n]


class Registered(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        for name in ("a", "b"):
            self.register_parameter(name, nn.Parameter(torch.empty(1).uniform_(0, 1)))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.b, self.a, x)


class OneByOne(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = (nn.Parameter(torch.rand(1)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        return torch.lerp(self.b, self.a + self.b, x)  # b + x * a, as an interpolation


class PlainTensors(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = torch.rand(1, requires_grad=True)  # trains by hand, but nobody knows of it
        self.b = torch.rand(1, requires_grad=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.a * x + self.b


class NormalStart(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(1))  # normal, not uniform in [0, 1)
        self.b = nn.Parameter(torch.randn(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.a * x + self.b


class ScalarParameters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.rand(()))  # [] instead of [1]
        self.b = nn.Parameter(torch.rand(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.a * x + self.b


class CopiesInForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.rand(1))
        self.b = nn.Parameter(torch.rand(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.a.data * x + self.b.data  # .data forgets where the numbers came from


class KeepsNumbers(Net):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = self.a.item(), self.b.item()  # neither training nor loading changes them

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.numbers
        return a * x + b


class ConstantOnTheCpu(Net):
    def __init__(self) -> None:
        super().__init__()
        self.powers = torch.tensor([[1.0], [0.0]])  # a mere attribute: .to(device) leaves it behind

    def forward(self, x: Tensor) -> Tensor:
        terms = x**self.powers  # [2, 1] and [n] -> [2, n]: the rows x and 1
        return self.a * terms[0] + self.b * terms[1]
