"""Beyond 09: embedding bag. Average the rows that each bag names, without looking up all of them.

Task
    `weight` has a row for each word. `indices` holds the words of all bags in one line, and
    `offsets` says where in that line each bag begins; it ends where the next one begins, the last
    one at the end of the line. Return the mean of the rows that each bag names; a row that is
    named twice counts twice. Bags may be empty: their mean is a row of zeros, and it costs their
    neighbours nothing. With offsets [0, 2, 2] and 3 indices, the bags have 2, 0 and 1 words.

    `weight[indices]` copies a row for each word, to add them up and throw them away: 25.6 MB for
    100,000 words of 64 numbers, where the table of 1,000 rows has 0.26 MB and the result too. The
    copy can also live on unseen: what an operation needs for its gradient is held until backward.

Shapes and units
    weight    [v, d]   float32 or float64, any device
    indices   [n]      int64, each in [0, v); n may be 0
    offsets   [b]      int64, places in `indices`: ascending from 0, at most n; b may be 0 (then so
                       is n)
    return    [b, d]   dtype and device of weight

Rules
    Gradients must flow to weight.
    With weight.requires_grad, what is held between forward and backward stays below a quarter of
    the n*d copy as well: 6.4 MB at n=100000, v=1000, b=1000, d=64.

Budget
    at most 0.25 * 4*n*d bytes of extra memory at n=100000, v=1000, b=1000, d=64

Hints
    1. A row has to be added to its bag's sum; it need not be kept anywhere on the way.
    Levels 2 and 3: `nox -s hint -- embedding_bag`.
"""

from torch import Tensor


def bag_mean(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
