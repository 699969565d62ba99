"""Modules 05: submodules. Mend a stack of layers whose parameters nobody finds.

Task
    `Stack(width, depth)` below computes the right thing: `depth` Linear layers of equal width,
    each followed by a ReLU. Yet it cannot be trained, moved or saved, for the module does not
    know its own layers:

        net = Stack(4, 3)
        list(net.parameters())    []
        net.state_dict()          OrderedDict()

    Mend it, so that all layers are registered: an optimizer finds them by `parameters()`,
    `.to(device)` moves them, `state_dict()` saves them. `net.layers[i]` is still the i-th Linear
    layer and `len(net.layers)` is still `depth`. A depth of 0 is the identity.

Shapes and units
    width     int           at least 1
    depth     int           at least 0
    x         [..., width]  floating, dtype and device of the parameters
    return    [..., width]

Rules
    The layers are different ones, each with a weight and a bias of its own. The names in
    `state_dict()` are up to you. Do not override `parameters`, `to` or `state_dict`: what they
    need is done by nn.Module, once it knows the layers.

Budget
    No budget; this is about structure.

Hints
    1. nn.Module registers modules that are set as attributes; it does not look into Python lists.
    Levels 2 and 3: `nox -s hint -- submodules`.
"""

import torch
from torch import Tensor, nn


class Stack(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        # TODO: forward works, but parameters() is empty and .to(device) moves nothing.
        self.layers = [nn.Linear(width, width) for _ in range(depth)]

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x
