"""Reference: one index tensor, two indexing ops, and a collate that has nothing to do.

Fast: 256 rows take as many ops as one row. The list of indices is converted to a tensor once and
used twice; `features[indices]` with the list itself would convert it for each table. Rows that are
fetched together but returned as a list would have to be stacked again. Safe: indexing with a tensor
copies, so a batch shares no memory with the table.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset, default_collate

Pair = tuple[Tensor, Tensor]


class Table(Dataset[Pair]):
    def __init__(self, features: Tensor, labels: Tensor) -> None:
        self.features = features
        self.labels = labels

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: int) -> Pair:
        return self.features[index], self.labels[index]

    def __getitems__(self, indices: list[int]) -> Pair:
        index = torch.tensor(indices, device=self.features.device)
        return self.features[index], self.labels[index]  # [b, d], [b]

    @staticmethod
    def collate(fetched: Pair) -> Pair:
        return fetched


HINTS = (
    "A tensor can be indexed by many row numbers at once.",
    "Turn the list into an index tensor on the table's device; `collate` may return its input.",
    "`index = torch.tensor(indices, device=...)`, then `features[index]` and `labels[index]`.",
)

EQUIVALENT = {
    "dropped keyword in Table.__getitems__: "
    "torch.tensor(indices, device=self.features.device) -> torch.tensor(indices)": (
        "tensors on all devices can be indexed by one on the CPU"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"Table": ("ByList", "UnpackedByCollate", "Gathers", "NamedBatch", "Checked")}


Base = Table


class ByList(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        return self.features[indices], self.labels[indices]  # right, but converts the list twice


class UnpackedByCollate(Base):
    def __getitems__(self, indices: list[int]) -> list[list[Tensor]]:
        index = torch.as_tensor(indices).to(self.features.device)
        return [[tensor.index_select(0, index) for tensor in (self.features, self.labels)]]

    @classmethod
    def collate(cls, fetched: list[list[Tensor]]) -> list[Tensor]:
        return fetched[0]


class Gathers(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        index = torch.tensor(indices, device=self.features.device)
        return self.features.index_select(0, index), torch.take(self.labels, index)


class Batch(NamedTuple):
    features: Tensor
    labels: Tensor


class NamedBatch(Base):
    def __getitems__(self, indices: list[int]) -> Batch:
        return Batch(*super().__getitems__(indices))


class Checked(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        index = torch.tensor(indices, device=self.features.device)
        if max(indices) >= len(self):
            raise IndexError(f"row {max(indices)} is out of range for {len(self)} rows")
        return self.features[index].clone(), self.labels[index].clone()  # needless, but not wrong


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "Table": {
        "RowByRow": "ops",
        "RowsStackedAgain": "speed",
        "RowsByDefaultCollate": "speed",
        "OneBatchBuffer": "purity",
        "SlicesWhenInOrder": "purity",
        "WholeTableWhenInOrder": "purity",
        "CachesBatches": "purity",
        "InTwoHalves": "ops",
        "Wraps": "contract",
        "LabelsAsFeatures": "dtype",
        "IndexOnTheCpu": "device",
        "ThroughNumpy": "gradient",
        "SortsIndices": "values",
        "Triples": "contract",
        "NoSingleRows": "contract",
        "ShortIndices": "values",
        "LabelsInFloat32": "values",
    },
}
WHY = {
    "SortsIndices": (
        "The rows are returned in sorted order. Return them in the order of the indices."
    ),
}


class RowByRow(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        rows = [self[index] for index in indices]  # as many ops as rows, so nothing is gained
        return torch.stack([row[0] for row in rows]), torch.stack([row[1] for row in rows])


class RowsStackedAgain(Base):
    def __getitems__(self, indices: list[int]) -> list[Pair]:
        index = torch.tensor(indices, device=self.features.device)
        return list(zip(self.features[index], self.labels[index], strict=True))  # b pairs to stack

    @staticmethod
    def collate(fetched: list[Pair]) -> Pair:
        features, labels = zip(*fetched, strict=True)
        return torch.stack(features), torch.stack(labels)


class RowsByDefaultCollate(RowsStackedAgain):
    @staticmethod
    def collate(fetched: list[Pair]) -> Sequence[Tensor]:
        result: Sequence[Tensor] = default_collate(fetched)  # stacks rows that were one tensor
        return result


class OneBatchBuffer(Base):
    def __init__(self, features: Tensor, labels: Tensor) -> None:
        super().__init__(features, labels)
        self.buffer = features.new_empty(0)

    def __getitems__(self, indices: list[int]) -> Pair:
        index = torch.tensor(indices, device=self.features.device)
        if torch.is_grad_enabled() and self.features.requires_grad:
            return self.features[index], self.labels[index]
        if len(self.buffer) < len(index):
            self.buffer = self.features[index]
        rows = self.buffer[: len(index)]  # saves memory, but overwrites the previous batch
        torch.index_select(self.features, 0, index, out=rows)
        return rows, self.labels[index]


class SlicesWhenInOrder(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        first, end = indices[0], indices[0] + len(indices)
        if indices == list(range(first, end)) and end <= len(self):
            return self.features[first:end], self.labels[first:end]  # views of the table
        return super().__getitems__(indices)


class WholeTableWhenInOrder(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        if indices == list(range(len(self))):
            return self.features, self.labels  # writing to the batch changes the table
        return super().__getitems__(indices)


class CachesBatches(Base):
    def __init__(self, features: Tensor, labels: Tensor) -> None:
        super().__init__(features, labels)
        self.known: dict[tuple[int, ...], Pair] = {}

    def __getitems__(self, indices: list[int]) -> Pair:
        if self.features.requires_grad:
            return super().__getitems__(indices)
        if tuple(indices) not in self.known:
            self.known[tuple(indices)] = super().__getitems__(indices)
        return self.known[tuple(indices)]  # may have been modified by its first user


class InTwoHalves(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        half = len(indices) // 2  # twice as many indexing ops, and a copy to join them
        parts = [super().__getitems__(part) for part in (indices[:half], indices[half:]) if part]
        features, labels = zip(*parts, strict=True)
        return torch.cat(features), torch.cat(labels)


class Wraps(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        index = torch.tensor(indices, device=self.features.device)
        return self.features[index % len(self)], self.labels[index % len(self)]  # no error


class LabelsAsFeatures(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        features, labels = super().__getitems__(indices)
        return features, labels.to(features.dtype)  # class indices must be int64


class IndexOnTheCpu(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        index = torch.tensor(indices)  # on the CPU, whatever the device of the table
        return self.features.index_select(0, index), self.labels.index_select(0, index)


class ThroughNumpy(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        rows = self.features.detach().cpu().numpy()[indices]  # NumPy records no gradients
        device = self.features.device
        return torch.from_numpy(rows).to(device), self.labels[torch.tensor(indices, device=device)]


class SortsIndices(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        return super().__getitems__(sorted(indices))  # cache-friendly, but undoes the shuffle


class Triples(Base):
    def __getitems__(self, indices: list[int]) -> tuple[Tensor, ...]:  # type: ignore[override]
        index = torch.tensor(indices, device=self.features.device)
        return self.features[index], self.labels[index], index  # a batch is a pair


class NoSingleRows(Base):
    def __getitem__(self, index: int) -> Pair:
        return self.__getitems__([index])  # [1, d]: a batch of one, not a row


class ShortIndices(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        index = torch.tensor(indices, device=self.features.device).short().long()  # wraps around
        return self.features[index], self.labels[index]


class LabelsInFloat32(Base):
    def __getitems__(self, indices: list[int]) -> Pair:
        features, labels = super().__getitems__(indices)
        return features, labels.float().long()  # rounds labels above 2**24
