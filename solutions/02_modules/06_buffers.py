"""Reference: two buffers, each a copy of what the caller passed.

Right: a buffer is moved and saved with its module, and no optimizer sees it. The copy is needed
because a buffer is written to when a state is loaded. Fast: `forward` moves nothing.
"""

import torch
from torch import Tensor, nn

HINTS = (
    "A module knows two kinds of tensors: those to be trained, and those to be kept with it.",
    "`register_buffer` takes a name and a tensor. Give it a tensor that nobody else holds.",
    '`self.register_buffer("mean", mean.detach().clone())`, the same for std.',
)

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
    },
}

ALTERNATIVES = {"Standardize": ("ByBuffer", "OneByOne")}


class Standardize(nn.Module):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.detach().clone())
        self.register_buffer("std", std.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std  # [..., d] with [d], which lines up with the last dim


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


class PlainTensors(nn.Module):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.mean, self.std = mean.clone(), std.clone()  # attributes like any other

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


class MovesInForward(PlainTensors):
    def forward(self, x: Tensor) -> Tensor:
        # Runs anywhere, at two transfers per call; and nothing is saved with the model.
        return (x - self.mean.to(x)) / self.std.to(x)


class FrozenParameters(Standardize):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        nn.Module.__init__(self)
        self.mean = nn.Parameter(mean.clone(), requires_grad=False)  # until somebody unfreezes all
        self.std = nn.Parameter(std.clone(), requires_grad=False)


class NotSaved(Standardize):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        nn.Module.__init__(self)
        self.register_buffer("mean", mean.clone(), persistent=False)  # moves, but is not saved
        self.register_buffer("std", std.clone(), persistent=False)


class CallersTensors(Standardize):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        nn.Module.__init__(self)
        self.register_buffer("mean", mean)  # the same memory under two names
        self.register_buffer("std", std)


class WorksInPlace(Standardize):
    def forward(self, x: Tensor) -> Tensor:
        x -= self.mean  # saves memory at the caller's cost
        return x / self.std


class RemembersScale(Standardize):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__(mean, std)
        self.scale = nn.Buffer(1 / std, persistent=False)  # a loaded std does not reach it

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) * self.scale


class StandardizesItself(Standardize):
    def forward(self, x: Tensor) -> Tensor:
        return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True)  # another thing: LayerNorm
