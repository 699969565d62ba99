"""Modules 06: buffers. Fix a module whose constants are neither moved nor saved.

Task
    Models often contain tensors that are measured once and never trained, such as the mean and the
    standard deviation of the training data. `Standardize(mean, std)` below maps x to
    (x - mean) / std over the last dimension. It works on the CPU, but `mean` and `std` are plain
    attributes. `.to(device)` does not move them, so `forward` fails on a GPU. `state_dict()` is
    empty, so a saved model does not know how its data was scaled.

    Fix it so that `net.mean` and `net.std` follow `.to(device)` and `.double()`, and are saved in
    `state_dict()`. In addition, loading a state must not change the caller's tensors.
    `load_state_dict` writes to the tensors that the module holds, but after

        mean = torch.zeros(2)
        net = Standardize(mean, torch.ones(2))
        net.load_state_dict({"mean": torch.tensor([5.0, 6.0]), "std": torch.ones(2)})

    the caller's `mean` must still be tensor([0., 0.]).

Shapes and units
    mean, std    [d]       float32 or float64, the same for both; std has no zeros
    x            [..., d]  dtype and device of the module's tensors; at least one dimension; any of
                           the leading sizes may be 0
    return       [..., d]

Rules
    `state_dict()` has exactly the keys `mean` and `std`. `net.parameters()` yields nothing, so that
    no optimizer changes them. Do not modify `x`. Gradients flow to x.

Budget
    No budget.

Hints
    1. A module registers two kinds of tensors: those to train, and those to move and save only.
    Levels 2 and 3: `nox -s hint -- buffers`.
"""

import torch
from torch import Tensor, nn


class Standardize(nn.Module):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        # TODO: when the module moves, these two stay on the CPU, and state_dict() lacks them.
        self.mean = mean
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std
