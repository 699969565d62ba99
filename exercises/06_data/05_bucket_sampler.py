"""Data 05: bucket sampler. Batch sequences of similar length, and still shuffle.

Task
    In a padded batch, every sequence costs as much as the longest one. Random batches of 16
    sequences with 1 to 500 steps are almost half padding; batching sequences of similar length
    removes nearly all of it. A model trains badly if every epoch runs from short to long, so the
    batches must be in random order.

    Write `BucketSampler`, a batch sampler for the `batch_sampler` argument of a DataLoader. Each
    pass over it yields one list of sample indices per batch.

Shapes and units
    lengths       n integers, 0 or larger: a list, or an int64 tensor [n] on any device; n may be 0
    batch_size    at least 1, possibly larger than n
    generator     a torch.Generator on the CPU, or None
    len(sampler)  the number of batches
    each batch    a list of Python ints in 0..n-1

Rules
    Each pass yields every index exactly once. All batches have batch_size indices, except for at
    most one shorter batch, which may be anywhere.
    The padding is the sum over all samples of (longest length in the batch - own length). It is at
    most 1.1x the padding of the ascending order, cut into batches from its beginning (so that the
    shorter batch has the longest sequences).
    Each pass draws a new order of the batches, and every order is possible. If `generator` is
    given, it is the only source of randomness: the same seed gives the same passes, whatever else
    the program draws. Without it, the orders are not fixed: after torch.manual_seed and random.seed
    with other seeds, they differ.
    `lengths` is not modified. It works in a DataLoader without worker processes and with two.

Budget
    No budget.

Hints
    1. Two steps: group the samples into batches, then order the batches. Only one is random.
    Levels 2 and 3: `nox -s hint -- bucket_sampler`.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import Sampler


class BucketSampler(Sampler[list[int]]):
    def __init__(
        self,
        lengths: Sequence[int] | Tensor,
        batch_size: int,
        generator: torch.Generator | None = None,
    ) -> None:
        raise NotImplementedError  # TODO: your code here

    def __iter__(self) -> Iterator[list[int]]:
        raise NotImplementedError  # TODO: your code here

    def __len__(self) -> int:
        raise NotImplementedError  # TODO: your code here
