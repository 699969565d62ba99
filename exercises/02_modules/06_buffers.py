"""Modules 06: buffers. Mend a module whose constants stay behind when it moves.

Task
    `Standardize(mean, std)` below maps x to (x - mean) / std over the last dim, with numbers that
    were measured once and are not to be trained. On the CPU it is right. But `.to(device)` moves
    parameters and registered tensors, and these two are neither, so on a GPU `forward` fails; and
    `state_dict()` is empty, so a saved model forgets how its data were scaled.

    Mend it: `net.mean` and `net.std` travel with `.to(device)`, follow `.double()`, and stand in
    `state_dict()` under exactly these names, but `parameters()` does not yield them, or an
    optimizer would change them.

    One more thing: `load_state_dict` writes into the tensors that it finds in the module. Were
    these the caller's very own,

        mean = torch.zeros(2)
        net = Standardize(mean, torch.ones(2))
        net.load_state_dict({"mean": torch.tensor([5.0, 6.0]), "std": torch.ones(2)})

    would turn the caller's `mean` into tensor([5., 6.]). It has to stay tensor([0., 0.]).

Shapes and units
    mean, std    [d]       floating, one dtype; std has no zeros
    x            [..., d]  dtype and device of the module's tensors; any number of dims from 1 on
    return       [..., d]

Rules
    Let the module move and save the two; `forward` needs no `.to(...)`. `x` stays as it is, and
    gradients flow to x.

Budget
    No budget; this is about structure.

Hints
    1. A module knows two kinds of tensors: those to be trained, and those to be kept with it.
    Levels 2 and 3: `nox -s hint -- buffers`.
"""

from torch import Tensor, nn


class Standardize(nn.Module):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        # TODO: these two stay on the CPU when the module moves, and state_dict() lacks them.
        self.mean = mean
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std
