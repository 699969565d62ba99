"""Modules 05: submodules. Fix a stack of layers whose parameters are never registered.

Task
    A model can be trained, moved and saved only if it has registered its layers: optimizers,
    `.to(device)` and `state_dict()` find nothing else. `Stack(width, depth)` below computes the
    right values with `depth` Linear layers of equal width, each followed by a ReLU. But it has
    registered none of them:

        net = Stack(4, 3)
        list(net.parameters())    []
        net.state_dict()          OrderedDict()

    Fix it so that all layers are registered. `net.layers[i]` must still be the i-th Linear layer,
    and `len(net.layers)` must still be `depth`. A stack of depth 0 returns its input unchanged.

Shapes and units
    width     int           at least 1
    depth     int           at least 0
    x         [..., width]  dtype and device of the parameters, also after `.double()`; any of the
                            leading sizes may be 0
    return    [..., width]

Rules
    Each layer has its own weight and bias, which require grad, and the module has no other
    parameters. Layers keep the initial values that PyTorch gives them. The keys of `state_dict()`
    are up to you. Do not override `parameters`, `to`, `state_dict` or any other method of nn.Module
    except `__init__` and `forward`. Gradients flow to x and to all parameters. Do not modify `x`.

Budget
    No budget.

Hints
    1. nn.Module registers modules that are set as attributes; it does not look into Python lists.
    Levels 2 and 3: `nox -s hint -- submodules`.
"""

import torch
from torch import Tensor, nn


class Stack(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        # TODO: forward works, but parameters() is empty, and .to(device) moves nothing.
        self.layers = [nn.Linear(width, width) for _ in range(depth)]

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x
