"""Reference: two Linears, and a sum that broadcasts.

Fast: b goes through its Linear once per group instead of once per item, so nearly all of its
multiplications disappear. Small: neither the tiled b nor the concatenation is ever made; all that
is as large as the output is linear1(a) and the sum.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

HINTS = (
    "Do the multiplication while b is still small; make it large only when you have to.",
    "Send a and b through a Linear each. Which shapes come out, and do they broadcast in a sum?",
    "`y = self.linear1(a) + self.linear2(b)`, then `self.activation(y)` unless it is None.",
)

TRAPS = {
    "Merge": {
        "TiledConcat": "memory",
        "TiledSecond": "memory",
        "ActivationFirst": "values",
        "NeedsActivation": "values",
        "SumInPlace": "values",
        "UnregisteredLayers": "contract",
    },
}

ALTERNATIVES = {"Merge": ("IdentityByDefault", "BiasOnTheSmallSide")}

Activation = Callable[[Tensor], Tensor] | None


class Merge(nn.Module):
    """Linear of two joined inputs that are never joined."""

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
        """Broadcast b in the sum, after its multiplication."""
        y = self.linear1(a) + self.linear2(b)  # [..., n, out] + [..., 1, out]
        return y if self.activation is None else self.activation(y)


class IdentityByDefault(Merge):
    """The same with one path: no activation is the identity."""

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
        """Add first, then activate."""
        return self.activation(torch.add(self.linear2(b), self.linear1(a)))


class BiasOnTheSmallSide(Merge):
    """The same with both biases on the smaller summand."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Add one bias less to the large table."""
        small = self.linear2(b) + self.linear1.bias
        y = a @ self.linear1.weight.mT + small
        return self.activation(y) if self.activation else y


class TiledConcat(Merge):
    """The usual way: repeat, concatenate, multiply."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Copy b for every row of a, and both once more."""
        outer = torch.broadcast_shapes(a.shape[:-1], b.shape[:-1])
        tiled = b.expand(*outer, b.shape[-1]).clone()
        both = torch.cat([a.expand(*outer, a.shape[-1]), tiled], dim=-1)
        weight = torch.cat([self.linear1.weight, self.linear2.weight], dim=1)
        y = nn.functional.linear(both, weight, self.linear1.bias + self.linear2.bias)
        return y if self.activation is None else self.activation(y)


class TiledSecond(Merge):
    """Two Linears, yet b is repeated before its own."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Multiply the same row of b again for each row of a."""
        outer = torch.broadcast_shapes(a.shape[:-1], b.shape[:-1])
        tiled = b.expand(*outer, b.shape[-1]).clone()
        y = self.linear1(a) + self.linear2(tiled)
        return y if self.activation is None else self.activation(y)


class ActivationFirst(Merge):
    """Activates each summand."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Mistake relu(p) + relu(q) for relu(p + q)."""
        act = self.activation or nn.Identity()
        return act(self.linear1(a)) + act(self.linear2(b))


class NeedsActivation(Merge):
    """Takes a missing activation for a ReLU."""

    def __init__(
        self,
        in_features1: int,
        in_features2: int,
        out_features: int,
        activation: Activation = None,
    ) -> None:
        super().__init__(in_features1, in_features2, out_features, activation or nn.ReLU())

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Cut off what None should leave alone."""
        return self.activation(self.linear1(a) + self.linear2(b))


class SumInPlace(Merge):
    """Adds into linear1(a), which b may have to make larger."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Squeeze b into the shape of a."""
        y = self.linear1(a)
        y += self.linear2(b).mean(dim=-2, keepdim=True)
        return y if self.activation is None else self.activation(y)


class UnregisteredLayers(Merge):
    """Keeps its layers in a list, hidden from parameters()."""

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
        """Compute the right numbers, never to be trained."""
        y = self.layers[0](a) + self.layers[1](b)
        return y if self.activation is None else self.activation(y)
