"""Reference: the list becomes an nn.ModuleList, a module that holds modules.

Right: setting a module as an attribute registers it, and a ModuleList registers what it holds, so
`parameters()`, `.to()` and `state_dict()` reach every layer. It indexes and counts like a list.
"""

import torch
from torch import Tensor, nn

HINTS = (
    "nn.Module registers modules that are set as attributes; it does not look into Python lists.",
    "There is a list that is a module itself; look for `List` in the documentation of torch.nn.",
    "`self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))`.",
)

TRAPS = {
    "Stack": {
        "PythonList": "contract",
        "OneLayerManyTimes": "contract",
        "SaysItHasParameters": "device",
        "OnlyBetween": "values",
        "AlwaysOne": "contract",
        "CopiesOfTheList": "gradient",
    },
}

ALTERNATIVES = {"Stack": ("AsSequential", "OneByOne")}


class Stack(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))  # [..., width]
        return x


class AsSequential(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(nn.Linear(width, width) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x).clamp(min=0)
        return x


class OneByOne(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.depth = depth
        for i in range(depth):
            self.add_module(f"layer{i}", nn.Linear(width, width))

    @property
    def layers(self) -> list[nn.Module]:
        return [self.get_submodule(f"layer{i}") for i in range(self.depth)]

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = nn.functional.relu(layer(x))
        return x


class PythonList(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.layers = [nn.Linear(width, width) for _ in range(depth)]  # unseen by nn.Module

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x


class OneLayerManyTimes(Stack):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__(width, depth)
        self.layers = nn.ModuleList([nn.Linear(width, width)] * depth)  # one object, many names


class SaysItHasParameters(PythonList):
    def parameters(self, recurse: bool = True):  # noqa: FBT001, FBT002 - the method's own signature
        for layer in self.layers:  # trains, but .to() and state_dict() ask elsewhere
            yield from layer.parameters(recurse)


class OnlyBetween(Stack):
    def forward(self, x: Tensor) -> Tensor:
        for i, layer in enumerate(self.layers):
            x = torch.relu(layer(x)) if i + 1 < len(self.layers) else layer(x)  # none at the end
        return x


class AlwaysOne(Stack):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__(width, max(depth, 1))  # a stack of depth 0 has no layer


class CopiesOfTheList(Stack):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__(width, depth)
        self.used = [nn.Linear(width, width) for _ in range(depth)]

    def forward(self, x: Tensor) -> Tensor:
        for used, layer in zip(self.used, self.layers, strict=True):
            used.load_state_dict(layer.state_dict())  # right numbers; the registered ones get
            x = torch.relu(used(x))  # no gradient and will never learn
        return x
