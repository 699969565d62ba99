"""Beyond 05: grow a tensor. Join many chunks without copying the first one over and over.

Task
    `running_sums` gets a list of chunks, as a data stream delivers them, and returns the running
    sum of all their numbers: [1, 2] and [3] give [1, 3, 6]. The code below is right. But a tensor
    cannot grow: to append to it is to make a larger one and to copy everything into that, at each
    chunk again. Mend this, so that twice as many chunks copy twice as many bytes, not four times.

    Chunks of 64 numbers, on one core; your times will be others, and no time is graded here:

        chunks       appending              joined once
           500       0.9 ms,    32 MB       0.1 ms, 0.3 MB
         2,000         8 ms,   513 MB       0.3 ms, 1.0 MB
         8,000       160 ms, 8,195 MB       1.3 ms, 4.1 MB

Shapes and units
    chunks    list of [k_i]   one floating dtype or int64, one device; each k_i may be 0, and the
                              list may be empty
    return    [sum of k_i]    dtype and device of the chunks; [0] in float32 for an empty list

Rules
    The chunks themselves stay as they are. Gradients must flow to every chunk.
    A Python loop over the chunks is allowed; one over the numbers is not needed.

Budget
    allocated bytes grow at most like n^1.3 (n chunks of 64 numbers each)

Hints
    1. How often is the first chunk copied if there are a thousand? Once is enough.
    Levels 2 and 3: `nox -s hint -- grow_a_tensor`.
"""

import torch
from torch import Tensor


def running_sums(chunks: list[Tensor]) -> Tensor:
    grown = chunks[0] if chunks else torch.zeros(0)
    for chunk in chunks[1:]:
        # TODO: each round copies all that was there before
        grown = torch.cat([grown, chunk])
    return grown.cumsum(0)
