"""Reference: two buffers, each a copy of the caller's tensor.

Correct: a buffer is moved and saved with its module, but is not a parameter, so optimizers ignore
it. The copy is necessary because `load_state_dict` writes to buffers. Fast: `forward` moves nothing
between devices.
"""

import torch
from torch import Tensor, nn


class Standardize(nn.Module):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.detach().clone())
        self.register_buffer("std", std.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        # [..., d] and [d]: broadcasting aligns the last dimension.
        return (x - self.mean) / self.std


HINTS = (
    "A module registers two kinds of tensors: those to train, and those to move and save only.",
    "`register_buffer` takes a name and a tensor. Pass it a tensor that the caller does not share.",
    '`self.register_buffer("mean", mean.detach().clone())`, the same for std.',
)

EQUIVALENT = {
    "dropped detach in Standardize.__init__: mean.detach() -> mean": (
        "mean and std are measured constants, without a graph"
    ),
    "dropped detach in Standardize.__init__: std.detach() -> std": (
        "mean and std are measured constants, without a graph"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"Standardize": ("ByBuffer", "OneByOne")}


class ByBuffer(nn.Module):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.empty_like(mean).copy_(mean))
        self.std = nn.Buffer(torch.empty_like(std).copy_(std))

    def forward(self, x: Tensor) -> Tensor:
        return x.sub(self.mean).div(self.std)


class OneByOne(nn.Module):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.zeros_like(values))
        self.load_state_dict({"mean": mean, "std": std})

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcdiv(-self.mean / self.std, x, self.std)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "Standardize": {
        "PlainTensors": "device",
        "MovesInForward": "contract",
        "FrozenParameters": "contract",
        "NotSaved": "contract",
        "CallersTensors": "purity",
        "WorksInPlace": "purity",
        "RemembersScale": "values",
        "StandardizesItself": "values",
        "ClampsStd": "values",
        "KeepsResult": "values",
        "ZeroesUnderNoGrad": "purity",
        "HidesNan": "values",
    },
}


class PlainTensors(nn.Module):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.mean, self.std = mean.clone(), std.clone()  # plain attributes

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


class MovesInForward(PlainTensors):
    def forward(self, x: Tensor) -> Tensor:
        # Runs on any device, but copies both tensors in every call and saves neither.
        return (x - self.mean.to(x)) / self.std.to(x)


class FrozenParameters(Standardize):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        nn.Module.__init__(self)
        self.mean = nn.Parameter(mean.clone(), requires_grad=False)  # `parameters()` yields both
        self.std = nn.Parameter(std.clone(), requires_grad=False)


class NotSaved(Standardize):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        nn.Module.__init__(self)
        self.register_buffer("mean", mean.clone(), persistent=False)  # moved, but not saved
        self.register_buffer("std", std.clone(), persistent=False)


class CallersTensors(Standardize):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        nn.Module.__init__(self)
        self.register_buffer("mean", mean)  # shares the caller's memory
        self.register_buffer("std", std)


class WorksInPlace(Standardize):
    def forward(self, x: Tensor) -> Tensor:
        x -= self.mean  # changes the caller's x
        return x / self.std


class RemembersScale(Standardize):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__(mean, std)
        self.scale = nn.Buffer(1 / std, persistent=False)  # not updated when a new std is loaded

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) * self.scale


class StandardizesItself(Standardize):
    def forward(self, x: Tensor) -> Tensor:
        return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True)  # like LayerNorm


class ClampsStd(Standardize):
    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std.clamp(min=1e-3)  # wrong for data on a small scale


class KeepsResult(Standardize):
    def forward(self, x: Tensor) -> Tensor:
        known = self.__dict__.setdefault("known", {})
        if id(x) not in known:
            known[id(x)] = super().forward(x)
        return known[id(x)]  # out of date as soon as another state has been loaded


class ZeroesUnderNoGrad(Standardize):
    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return super().forward(x)
        return x.sub_(self.mean).div_(self.std)  # saves memory at the expense of the caller's x


class HidesNan(Standardize):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.nan_to_num())
