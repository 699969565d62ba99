"""Beyond 09: embedding bag. Average the embeddings of each bag of words without copying them all.

Task
    Text classifiers and recommenders average the embeddings of a bag of words. `weight` has one row
    for each word, and `indices` holds the words of all bags, one bag after the other. `offsets`
    holds the position in `indices` where each bag starts; a bag ends where the next one starts, and
    the last bag ends at n. With offsets [0, 2, 2] and 3 indices, the bags have 2, 0 and 1 words.

    Return the mean of the rows of each bag. A word that occurs twice in a bag counts twice. The
    mean of an empty bag is a row of zeros.

    `weight[indices]` copies a row for each word, only to add the rows up: 25.6 MB for 100,000 words
    of 64 float32 numbers, while a table of 1,000 rows takes up 0.26 MB. Autograd may also save such
    a copy for the backward pass.

Shapes and units
    weight    [v, d]   float32 or float64, any device
    indices   [n]      int64, each in [0, v), on the device of weight; n may be 0
    offsets   [b]      int64, positions in `indices`, on the same device; non-decreasing, from 0 to
                       at most n; b may be 0 (then n is 0 too)
    return    [b, d]   dtype and device of weight

Rules
    No Python loop over words or bags. Stay in PyTorch: the memory of NumPy and lists is not
    counted. Gradients flow to weight. If weight requires grad, at most n*d bytes (6.4 MB) are kept
    between forward and backward at n=100000, v=1000, b=1000, d=64.

Budget
    at most 0.25 * 4*n*d bytes of extra memory at n=100000, v=1000, b=1000, d=64
    (a quarter of the copied rows)

Hints
    1. Each row is added to the sum of its bag. It does not have to be stored before that.
    Levels 2 and 3: `nox -s hint -- embedding_bag`.
"""

from torch import Tensor


def bag_mean(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
