"""Reference: an nn.ModuleList in place of the Python list.

Correct: setting a module as an attribute registers it, and an nn.ModuleList registers the modules
that it contains. So `parameters()`, `.to()` and `state_dict()` reach every layer. Indexing and
`len` work as for a list.
"""

import torch
from torch import Tensor, nn


class Stack(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))  # [..., width]
        return x


HINTS = (
    "nn.Module registers modules that are set as attributes; it does not look into Python lists.",
    "One class in torch.nn is both a list and a module. Look for `List` in the documentation.",
    "`self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"Stack": ("AsSequential", "OneByOne")}


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


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "Stack": {
        "PythonList": "contract",
        "OneLayerManyTimes": "contract",
        "SaysItHasParameters": "contract",
        "OverridesParameters": "contract",
        "Frozen": "contract",
        "AtMostTwelve": "contract",
        "KeepsResult": "values",
        "ZeroesUnderNoGrad": "purity",
        "OnlyBetween": "values",
        "AlwaysOne": "contract",
        "CopiesOfTheList": "gradient",
    },
}


class PythonList(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.layers = [nn.Linear(width, width) for _ in range(depth)]  # not registered

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x


class OneLayerManyTimes(Stack):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__(width, depth)
        # The same object `depth` times.
        self.layers = nn.ModuleList([nn.Linear(width, width)] * depth)


class SaysItHasParameters(PythonList):
    def parameters(self, recurse: bool = True):  # noqa: FBT001, FBT002 - as in nn.Module
        for layer in self.layers:  # trains, but .to() and state_dict() do not call this
            yield from layer.parameters(recurse)


class OnlyBetween(Stack):
    def forward(self, x: Tensor) -> Tensor:
        for i, layer in enumerate(self.layers):
            x = torch.relu(layer(x)) if i + 1 < len(self.layers) else layer(x)  # no ReLU at the end
        return x


class AlwaysOne(Stack):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__(width, max(depth, 1))  # a stack of depth 0 must have no layers


class CopiesOfTheList(Stack):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__(width, depth)
        self.used = [nn.Linear(width, width) for _ in range(depth)]

    def forward(self, x: Tensor) -> Tensor:
        for used, layer in zip(self.used, self.layers, strict=True):
            # The values are right, but the registered parameters get no gradient.
            used.load_state_dict(layer.state_dict())
            x = torch.relu(used(x))
        return x


class OverridesParameters(Stack):
    def parameters(self, recurse: bool = True):  # noqa: FBT001, FBT002 - as in nn.Module
        return self.layers.parameters(recurse)  # hides what else may be registered later


class Frozen(Stack):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__(width, depth)
        self.requires_grad_(requires_grad=False)  # an optimizer cannot train it


class AtMostTwelve(Stack):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__(width, min(depth, 12))


class KeepsResult(Stack):
    def forward(self, x: Tensor) -> Tensor:
        known = self.__dict__.setdefault("known", {})
        if id(x) not in known:
            known[id(x)] = super().forward(x)
        return known[id(x)]  # out of date as soon as the parameters have been trained


class ZeroesUnderNoGrad(Stack):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        if not torch.is_grad_enabled() and self.layers:
            x.relu_()  # changes the caller's x
        return y
