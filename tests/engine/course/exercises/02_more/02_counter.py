"""More 02: counter. A module that counts its calls in a buffer.

Task
    Write a module `Counter` whose `forward` returns `x` and adds 1 to the buffer `calls`.

Shapes and units
    x         any     returned unchanged
    calls     []      int64, a buffer, initially 0

Rules
    `state_dict()` contains `calls`.

Budget
    No budget.

Hints
    1. A module stores tensors that are not trained as buffers.
    Levels 2 and 3: `nox -s hint -- counter`.
"""

from torch import nn


class Counter(nn.Module):
    """Counts its calls."""

    def __init__(self):
        raise NotImplementedError  # TODO: your code here

    def forward(self, x):
        """Return x."""
        raise NotImplementedError
