"""Broadcasting 08: causal mask. Mark which positions each position may attend to.

Task
    A batch holds sequences of different lengths, padded to the same size. In causal attention,
    position i may attend to position j if j is not later than i, and if both belong to the sequence
    rather than to its padding. Return one boolean table per sequence: entry (b, i, j) is True if
    j <= i and both i and j are less than lengths[b]. For lengths = [2, 4] and size = 3:

        1 0 0     1 0 0
        1 1 0     1 1 0
        0 0 0     1 1 1

Shapes and units
    lengths   [batch]              int64, any device; each 0 or more, and may exceed size
    size      int                  0 or more
    return    [batch, size, size]  bool, on the device of lengths

Rules
    No Python loop over sequences, rows or entries. Do not read values of `lengths` into Python: on
    a GPU, the CPU would have to wait for the device.

Budget
    at least 10x faster than the row loop at batch=8, size=64
    no host synchronization

Hints
    1. Each condition compares two of i, j and lengths[b]; write it as a comparison of tensors.
    Levels 2 and 3: `nox -s hint -- causal_mask`.
"""

import torch
from torch import Tensor


def causal_mask(lengths: Tensor, size: int) -> Tensor:
    raise NotImplementedError  # TODO: your code here
