"""Reference: a buffer that is updated in place.

Right: `.to()` moves a buffer, and `state_dict()` contains it.
"""

import torch
from torch import nn

HINTS = (
    "A module stores tensors that are not trained as buffers.",
    "`register_buffer` registers a tensor under a name.",
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
    """Replaces the buffer with a new tensor."""

    def forward(self, x):
        """Return x."""
        self.calls = self.calls + 1
        return x


class PlainNumber(nn.Module):
    """Counts with a Python number, which state_dict() does not contain."""

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
