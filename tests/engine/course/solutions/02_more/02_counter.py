"""Reference: a buffer, written in place.

Right: a buffer moves with .to() and stands in state_dict().
"""

import torch
from torch import nn

HINTS = (
    "A module keeps tensors that are not trained as buffers.",
    "`register_buffer` gives one a name.",
    '`self.register_buffer("calls", torch.zeros((), dtype=torch.int64))`.',
)

TRAPS = {"Counter": {"PlainNumber": "contract", "Forgetful": "values"}}

ALTERNATIVES = {"Counter": ("Assigning",)}


class Counter(nn.Module):
    """Counts its calls."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def forward(self, x):
        """Return x."""
        self.calls += 1
        return x


class Assigning(Counter):
    """Puts a new tensor in place of the old one."""

    def forward(self, x):
        """Return x."""
        self.calls = self.calls + 1
        return x


class PlainNumber(nn.Module):
    """Counts in a number that no state_dict() holds."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        """Return x."""
        self.calls += 1
        return x


class Forgetful(Counter):
    """Never counts."""

    def forward(self, x):
        """Return x."""
        return x
