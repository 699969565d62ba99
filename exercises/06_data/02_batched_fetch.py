"""Data 02: batched fetch. Fetch a whole batch by one indexing op, not row by row.

Task
    A table that lies in memory needs no files and no worker processes, and yet the usual way to
    load it is slow: a DataLoader asks the dataset for one row after the other, 256 times for a
    batch, and then stacks the rows into the batch that one indexing op would have given at once.

    If a dataset has a method `__getitems__`, the DataLoader calls that instead, once a batch, with
    the list of indices, and hands what comes back to its `collate_fn`. Write the map-style dataset
    `Table` with it, to be used as

        DataLoader(table, batch_size=256, shuffle=True, collate_fn=Table.collate)

    What `__getitems__` gives to `collate` is up to you, as long as batches come out. Mind that a
    list of rows would only be stacked again, which is where the time went.

Shapes and units
    features                  [n, d]  floats, any device
    labels                    [n]     int64, on the same device
    len(table)                n
    table[i]                  the pair (features[i], labels[i]); IndexError for i >= n
    table.__getitems__(idx)   idx: a list of b row numbers, at least one, in any order, repeated
                              perhaps
    Table.collate(fetched)    the batch: a tuple or a list of two tensors, [b, d] and [b], with
                              the dtypes and on the device of features and labels

Rules
    `Table` is a `torch.utils.data.Dataset`, `collate` a static or a class method of it. A batch is
    the caller's own: to write into it changes neither the table nor another batch. A row number
    past the end raises an error, of any type. Gradients flow through a batch to the features. It
    works in a DataLoader without worker processes, and with two.

Budget
    for one batch, `collate` included: one indexing op for features and one for labels
    for an epoch in batches of b, through a DataLoader:
    at least 3 x faster than the per item loader at n=4096, d=16, b=256

Hints
    1. A tensor can be indexed by many row numbers at once.
    Levels 2 and 3: `nox -s hint -- batched_fetch`.
"""

from typing import Any

from torch import Tensor
from torch.utils.data import Dataset


class Table(Dataset[tuple[Tensor, Tensor]]):
    def __init__(self, features: Tensor, labels: Tensor) -> None:
        raise NotImplementedError  # TODO: your code here

    def __len__(self) -> int:
        raise NotImplementedError  # TODO: your code here

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        raise NotImplementedError  # TODO: your code here

    def __getitems__(self, indices: list[int]) -> Any:
        raise NotImplementedError  # TODO: your code here

    @staticmethod
    def collate(fetched: Any) -> tuple[Tensor, Tensor]:
        raise NotImplementedError  # TODO: your code here
