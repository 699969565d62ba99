"""Broadcasting 08: causal mask. Say for each pair of positions whether one may look at the other.

Task
    A batch holds sequences of different lengths, padded to one size. In causal attention position
    i may look at position j if j is not later than i, and if both belong to the sequence rather
    than to its padding. Return that as a table of True and False, one per sequence: entry (b, i, j)
    is true where j <= i, and both i and j are below lengths[b]. With lengths = [2, 4], size = 3:

        1 0 0     1 0 0
        1 1 0     1 1 0
        0 0 0     1 1 1

Shapes and units
    lengths   [batch]              int64, any device; each 0 or more, and may exceed size
    size      int                  0 or more
    return    [batch, size, size]  bool, on the device of lengths

Rules
    No Python loop over sequences, rows or entries. Never read a number out of `lengths` into
    Python: on a GPU the CPU would stand still until the device has caught up.

Budget
    at least 10 x faster than the row loop at batch=8, size=64
    no host synchronisation

Hints
    1. Each condition compares two of the numbers b, i and j; write it as a comparison of tensors.
    Levels 2 and 3: `nox -s hint -- causal_mask`.
"""

from torch import Tensor


def causal_mask(lengths: Tensor, size: int) -> Tensor:
    raise NotImplementedError  # TODO: your code here
