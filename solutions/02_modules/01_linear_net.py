"""Reference: two `nn.Parameter`s, registered by assigning them to attributes.

Correct: nn.Module intercepts each assignment to an attribute and registers every nn.Parameter.
Optimizers, `.to()` and `state_dict()` use exactly these registered parameters. Fast: `forward`
copies nothing and moves nothing between devices.
"""

import torch
from torch import Tensor, nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.rand(1))
        self.b = nn.Parameter(torch.rand(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.a * x + self.b  # [1] * [n] + [1] -> [n]


HINTS = (
    "A plain tensor attribute is not registered. Which class makes a tensor a parameter?",
    "Assigning an `nn.Parameter(tensor)` to an attribute in `__init__` registers it.",
    "`self.a = nn.Parameter(torch.rand(1))`, the same for b; in `forward`, `self.a * x + self.b`.",
)

EQUIVALENT = {
    "transposed if square in Net.forward: x": "x is a vector",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"Net": ("Registered", "OneByOne")}


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
        return torch.lerp(self.b, self.a + self.b, x)  # b + x * ((a + b) - b) is a*x + b


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "Net": {
        "PlainTensors": "contract",
        "NormalStart": "values",
        "Swapped": "values",
        "ScalarParameters": "shape",
        "CopiesInForward": "gradient",
        "KeepsNumbers": "values",
        "ConstantOnTheCpu": "device",
        "Frozen": "contract",
        "SameStart": "values",
        "OneDraw": "values",
        "KeepsResult": "values",
        "KeepsBuffer": "purity",
    },
}
WHY = {
    "Swapped": "a and b are swapped: a is the slope, b is the value at x = 0.",
}


class PlainTensors(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = torch.rand(1, requires_grad=True)  # has a gradient, but is not registered
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
        self.a = nn.Parameter(torch.rand(()))  # shape [], not [1]
        self.b = nn.Parameter(torch.rand(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.a * x + self.b


class CopiesInForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.rand(1))
        self.b = nn.Parameter(torch.rand(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.a.data * x + self.b.data  # .data is detached: no gradient flows to a and b


class KeepsNumbers(Net):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = self.a.item(), self.b.item()  # training and loading do not update these

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.numbers
        return a * x + b


class ConstantOnTheCpu(Net):
    def __init__(self) -> None:
        super().__init__()
        self.powers = torch.tensor([[1.0], [0.0]])  # not registered, so .to(device) skips it

    def forward(self, x: Tensor) -> Tensor:
        terms = x**self.powers  # [2, 1] and [n] -> [2, n]: the rows x and 1
        return self.a * terms[0] + self.b * terms[1]


class Frozen(Net):
    def __init__(self) -> None:
        super().__init__()
        self.a.requires_grad_(requires_grad=False)  # an optimizer cannot train it


class SameStart(Net):
    def __init__(self) -> None:
        torch.manual_seed(0)  # every net starts with the same numbers
        super().__init__()


class OneDraw(Net):
    def __init__(self) -> None:
        super().__init__()
        self.b = nn.Parameter(self.a.detach().clone())  # a and b are always equal at the start


class KeepsResult(Net):
    def forward(self, x: Tensor) -> Tensor:
        known = self.__dict__.setdefault("known", {})
        if id(x) not in known:
            known[id(x)] = super().forward(x)
        return known[id(x)]  # out of date as soon as the parameters have been trained


_BUFFERS: dict[object, Tensor] = {}


class KeepsBuffer(Net):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        if y.requires_grad:
            return y
        return _BUFFERS.setdefault((x.shape, x.dtype, x.device), torch.empty_like(y)).copy_(y)


class Swapped(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.b * x + self.a  # a is the slope, b the value at 0
