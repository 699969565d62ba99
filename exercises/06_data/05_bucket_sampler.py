"""Data 05: bucket sampler. Put sequences of like length into one batch, and still shuffle.

Task
    In a padded batch every sequence costs as much as the longest one. Drawn at random, batches of
    16 sequences with 1 to 500 steps are nearly half filling; with neighbours in length together,
    hardly any is left. A loader that always went from short to long would train badly, though, so
    the batches themselves have to come in random order.

    Write `BucketSampler`, a batch sampler: what a DataLoader takes as `batch_sampler`. Each pass
    over it gives lists of sample numbers, one list for each batch.

Shapes and units
    lengths       n whole numbers, 0 or larger: a list, or an int64 tensor [n] on any device; n
                  may be 0
    batch_size    at least 1, and perhaps more than n
    generator     a torch.Generator of the CPU, or None
    len(sampler)  the number of batches
    each batch    a list of ints in 0..n-1 (Python's int)

Rules
    In each pass every number comes exactly once. All batches have batch_size numbers, apart from
    at most one that is shorter; it may come anywhere.
    Padding is the sum, over all batches and samples, of (longest of the batch - own length). It is
    at most 1.1 x that of the ascending order cut into batches from its beginning.
    The order of the batches is drawn anew in each pass, and any order can come: from `generator`
    alone if one is given, so that the same seed gives the same passes, whatever else the program
    draws. It works in a DataLoader without worker processes, and with two.
    `lengths` is not modified.

Budget
    No budget.

Hints
    1. Two steps: which samples go together, and in which order the batches come. One is random.
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
