"""Beyond 05: grow a tensor. Join many chunks without copying the first one again and again.

Task
    A data stream delivers numbers in chunks. `running_sums` takes a list of chunks and returns the
    running sum of all their numbers: [1, 2] and [3] give [1, 3, 6]. The result of the code below is
    correct, but a tensor cannot grow. Each append allocates a larger tensor and copies all numbers
    so far. With 8,000 chunks of 64 float32 numbers, the code copies 8.2 GB in total, although the
    chunks take up only 2 MB.

    Fix it so that twice as many chunks copy twice as many bytes, not four times as many.

Shapes and units
    chunks    list of [k_i]   the same floating dtype or int64, on one device; each k_i may be 0,
                              and the list may be empty
    return    [sum of k_i]    dtype and device of the chunks; [0] in float32 for an empty list

Rules
    Do not modify the chunks, nor the list. Gradients flow to every chunk. A Python loop over the
    chunks is allowed.

Budget
    allocated bytes grow at most like n^1.3 for n chunks of 64 numbers each; time is not graded

Hints
    1. With a thousand chunks, how often is the first one copied? Once is enough.
    Levels 2 and 3: `nox -s hint -- grow_a_tensor`.
"""

import torch
from torch import Tensor


def running_sums(chunks: list[Tensor]) -> Tensor:
    grown = chunks[0] if chunks else torch.zeros(0)
    for chunk in chunks[1:]:
        # TODO: each iteration copies everything joined so far
        grown = torch.cat([grown, chunk])
    return grown.cumsum(0)
