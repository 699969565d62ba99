"""Reference: two Linear layers and a sum that broadcasts.

Fast: b goes through its Linear once per group instead of once per item, so nearly all of its
multiplications disappear. Small: neither the tiled b nor the concatenation is ever allocated. Only
linear1(a) and the sum are as large as the output.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Activation = Callable[[Tensor], Tensor] | None


class Merge(nn.Module):
    def __init__(
        self,
        in_features1: int,
        in_features2: int,
        out_features: int,
        activation: Activation = None,
    ) -> None:
        super().__init__()
        self.linear1 = nn.Linear(in_features1, out_features)
        self.linear2 = nn.Linear(in_features2, out_features)
        self.activation = activation

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        y = self.linear1(a) + self.linear2(b)  # [..., n, out] + [..., 1, out]
        return y if self.activation is None else self.activation(y)


HINTS = (
    "Multiply while b is still small, and let it grow only afterwards.",
    "Apply one Linear to a and one to b. Which shapes do they return, and do these broadcast?",
    "`y = self.linear1(a) + self.linear2(b)`, then `self.activation(y)` unless it is None.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"Merge": ("IdentityByDefault", "BiasOnTheSmallSide")}


# Without an activation, apply the identity.
class IdentityByDefault(Merge):
    def __init__(
        self,
        in_features1: int,
        in_features2: int,
        out_features: int,
        activation: Activation = None,
    ) -> None:
        super().__init__(in_features1, in_features2, out_features)
        self.activation = activation or nn.Identity()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.activation(torch.add(self.linear2(b), self.linear1(a)))


# Add both biases to the smaller operand of the sum.
class BiasOnTheSmallSide(Merge):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        small = self.linear2(b) + self.linear1.bias
        y = a @ self.linear1.weight.mT + small
        return self.activation(y) if self.activation else y


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "Merge": {
        "TiledConcat": "memory",
        "TiledSecond": "memory",
        "ActivationFirst": "values",
        "ReluByDefault": "values",
        "SumInPlace": "values",
        "UnregisteredLayers": "contract",
        "RepeatedProduct": "memory",
        "Frozen": "contract",
        "KeptProduct": "values",
        "ActivationTwice": "values",
    },
}
WHY = {
    "ActivationFirst": (
        "The activation is applied to each part. It belongs after the sum: act(a + b) is not "
        "act(a) + act(b)."
    ),
    "ReluByDefault": "Without an activation the result is the sum itself. ReLU is no default here.",
}


# Copies b for every row of a, and then copies both once more.
class TiledConcat(Merge):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        outer = torch.broadcast_shapes(a.shape[:-1], b.shape[:-1])
        tiled = b.expand(*outer, b.shape[-1]).clone()
        both = torch.cat([a.expand(*outer, a.shape[-1]), tiled], dim=-1)
        weight = torch.cat([self.linear1.weight, self.linear2.weight], dim=1)
        y = nn.functional.linear(both, weight, self.linear1.bias + self.linear2.bias)
        return y if self.activation is None else self.activation(y)


# Repeats b before its Linear, which then multiplies the same row of b again and again.
class TiledSecond(Merge):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        outer = torch.broadcast_shapes(a.shape[:-1], b.shape[:-1])
        tiled = b.expand(*outer, b.shape[-1]).clone()
        y = self.linear1(a) + self.linear2(tiled)
        return y if self.activation is None else self.activation(y)


# relu(p) + relu(q) is not relu(p + q).
class ActivationFirst(Merge):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        act = self.activation or nn.Identity()
        return act(self.linear1(a)) + act(self.linear2(b))


# Applies a ReLU if there is no activation, which sets negative sums to 0.
class ReluByDefault(Merge):
    def __init__(
        self,
        in_features1: int,
        in_features2: int,
        out_features: int,
        activation: Activation = None,
    ) -> None:
        super().__init__(in_features1, in_features2, out_features, activation or nn.ReLU())

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.activation(self.linear1(a) + self.linear2(b))


# Averages b over its items so that it fits into linear1(a), but b may have one row per item.
class SumInPlace(Merge):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        y = self.linear1(a)
        y += self.linear2(b).mean(dim=-2, keepdim=True)
        return y if self.activation is None else self.activation(y)


# Layers in a Python list are not registered, so parameters() is empty and nothing is trained.
class UnregisteredLayers(Merge):
    def __init__(
        self,
        in_features1: int,
        in_features2: int,
        out_features: int,
        activation: Activation = None,
    ) -> None:
        super().__init__(in_features1, in_features2, out_features, activation)
        self.layers = [self.linear1, self.linear2]
        del self.linear1, self.linear2

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        y = self.layers[0](a) + self.layers[1](b)
        return y if self.activation is None else self.activation(y)


# Copies the small product for every item; the sum would have stretched it for nothing.
class RepeatedProduct(Merge):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        small = self.linear2(b)
        if small.dim() == 3 and small.shape[1] == 1:
            small = small.repeat(1, a.shape[1], 1)
        y = self.linear1(a) + small
        return y if self.activation is None else self.activation(y)


# Parameters that do not require grad are never trained.
class Frozen(Merge):
    def __init__(
        self,
        in_features1: int,
        in_features2: int,
        out_features: int,
        activation: Activation = None,
    ) -> None:
        super().__init__(in_features1, in_features2, out_features, activation)
        self.requires_grad_(requires_grad=False)


# Keeps the product of the last b, which is out of date once an optimizer changes the weights.
class KeptProduct(Merge):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        if getattr(self, "last", None) is not b:
            self.last, self.product = b, self.linear2(b)
        y = self.linear1(a) + self.product
        return y if self.activation is None else self.activation(y)


# Calls the activation once to test it, and once more for the result.
class ActivationTwice(Merge):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        y = self.linear1(a) + self.linear2(b)
        return y if self.activation is None or self.activation(y) is None else self.activation(y)
