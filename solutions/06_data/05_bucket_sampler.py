"""Reference: sort and cut once, then draw a permutation of the batches in each pass.

Correct: sorting decides which samples share a batch, and the permutation decides only when. Cheap:
the sort is paid for once, and a pass costs one randperm over the batches. Reproducible: the
generator is the only source of randomness, and its state advances, so each pass has a new order.
"""

import math
import random
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

Lengths = Sequence[int] | Tensor
Source = torch.Generator | None


class BucketSampler(Sampler[list[int]]):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        order = torch.as_tensor(lengths).argsort().tolist()
        self.batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        self.generator = generator

    def __iter__(self) -> Iterator[list[int]]:
        for i in torch.randperm(len(self.batches), generator=self.generator).tolist():
            yield self.batches[i]

    def __len__(self) -> int:
        return len(self.batches)


HINTS = (
    "Two steps: group the samples into batches, then order the batches. Only one is random.",
    "Sort the indices by length and cut them into lists once; permute the lists in each pass.",
    "`torch.argsort(torch.as_tensor(lengths)).tolist()`; `torch.randperm(k, generator=...)`.",
)

EQUIVALENT = {
    "read at once in BucketSampler.__iter__: items": "the batches are lists that exist already",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"BucketSampler": ("CutByNumpy", "ShuffledTies", "SeededByDraw")}


Base = BucketSampler


def listed(lengths: Lengths) -> list[int]:
    return lengths.tolist() if isinstance(lengths, Tensor) else list(lengths)


class CutByNumpy(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        known = np.array(listed(lengths), dtype=np.int64)
        cuts = range(batch_size, len(known), batch_size)
        parts = np.split(np.argsort(known), cuts)
        self.batches = [part.tolist() for part in parts if part.size]
        self.generator = generator


class ShuffledTies(Sampler[list[int]]):
    """Samples of equal length also switch between batches."""

    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        self.lengths = torch.tensor(listed(lengths), dtype=torch.int64)
        self.batch_size = batch_size
        self.generator = generator

    def __iter__(self) -> Iterator[list[int]]:
        mixed = torch.randperm(len(self.lengths), generator=self.generator)
        order = mixed[self.lengths[mixed].argsort(stable=True)]
        batches = list(order.split(self.batch_size)) if len(order) else []
        for i in torch.randperm(len(batches), generator=self.generator):
            yield batches[int(i)].tolist()

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.batch_size)


class SeededByDraw(Base):
    def __iter__(self) -> Iterator[list[int]]:
        seed = torch.randint(2**62, (1,), generator=self.generator).item()
        chance = random.Random(seed)  # noqa: S311 - not a secret
        return iter(chance.sample(self.batches, len(self.batches)))


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "BucketSampler": {
        "ShortToLong": "values",
        "ShuffledOnce": "values",
        "SameEachPass": "values",
        "Rotated": "values",
        "IgnoresGenerator": "values",
        "ShufflesWithPython": "values",
        "SeedsGlobally": "values",
        "RandomBatches": "values",
        "PoolsOfBatches": "values",
        "DropsShortBatch": "values",
        "LongestFirst": "values",
        "ShortBatchFirst": "values",
        "ShortBatchLast": "values",
        "SeededOnce": "values",
        "FixedBuckets": "shape",
        "TensorBatches": "contract",
        "CountsSamples": "contract",
        "CountsFullBatches": "contract",
        "SortsInPlace": "purity",
        "OrderOnTheCpu": "device",
    },
}


class ShortToLong(Base):
    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)  # every epoch runs from short to long


class ShuffledOnce(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__(lengths, batch_size, generator)
        self.batches = list(super().__iter__())

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)  # random, but the same in every pass


class SameEachPass(Base):
    def __iter__(self) -> Iterator[list[int]]:
        if self.generator is not None:
            self.generator.manual_seed(self.generator.initial_seed())  # repeats pass 1
        return super().__iter__()


class Rotated(Base):
    def __iter__(self) -> Iterator[list[int]]:
        if self.batches:
            start = int(torch.randint(len(self.batches), (1,), generator=self.generator))
            yield from self.batches[start:] + self.batches[:start]  # only n orders


class IgnoresGenerator(Base):
    def __iter__(self) -> Iterator[list[int]]:
        for i in torch.randperm(len(self.batches)).tolist():  # ignores the given generator
            yield self.batches[i]


class ShufflesWithPython(Base):
    def __iter__(self) -> Iterator[list[int]]:
        batches = list(super().__iter__())
        random.shuffle(batches)  # a second source, which the generator does not control
        return iter(batches)


class SeedsGlobally(Base):
    passes = 0

    def __iter__(self) -> Iterator[list[int]]:
        self.passes += 1
        if self.generator is not None:  # resets the global generator of the whole program
            torch.manual_seed(self.generator.initial_seed() + self.passes)
        yield from (self.batches[i] for i in torch.randperm(len(self.batches)).tolist())


class RandomBatches(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__(torch.rand(len(lengths)), batch_size, generator)  # ignores the lengths


class PoolsOfBatches(Sampler[list[int]]):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        self.lengths, self.batch_size, self.generator = listed(lengths), batch_size, generator

    def __iter__(self) -> Iterator[list[int]]:
        size, pool = self.batch_size, 8 * self.batch_size
        mixed = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        batches = []
        for start in range(0, len(mixed), pool):  # sorts within 8 batches only: too much padding
            near = sorted(mixed[start : start + pool], key=self.lengths.__getitem__)
            batches += [near[i : i + size] for i in range(0, len(near), size)]
        for i in torch.randperm(len(batches), generator=self.generator).tolist():
            yield batches[i]

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.batch_size)


class DropsShortBatch(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__(lengths, batch_size, generator)
        # Samples of the short batch are never seen.
        self.batches = [batch for batch in self.batches if len(batch) == batch_size]


class LongestFirst(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        order = torch.as_tensor(lengths).argsort(descending=True).tolist()
        super().__init__(
            [], batch_size, generator
        )  # one long sample shares a batch with short ones
        self.batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


class ShortBatchFirst(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        order = torch.as_tensor(lengths).argsort().tolist()
        rest = len(order) % batch_size  # so the longest batch is full
        super().__init__([], batch_size, generator)
        self.batches = [order[:rest]] * (rest > 0)
        self.batches += [order[i : i + batch_size] for i in range(rest, len(order), batch_size)]


class ShortBatchLast(Base):
    def __iter__(self) -> Iterator[list[int]]:
        full = [batch for batch in self.batches if len(batch) == len(self.batches[0])]
        for i in torch.randperm(len(full), generator=self.generator).tolist():
            yield full[i]
        yield from self.batches[len(full) :]  # the longest sequences always come last


class SeededOnce(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        fixed = torch.Generator().manual_seed(0)  # every experiment sees the same orders
        super().__init__(lengths, batch_size, fixed if generator is None else generator)


class FixedBuckets(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__([], batch_size, generator)
        buckets: dict[int, list[int]] = {}
        for i, length in enumerate(listed(lengths)):
            buckets.setdefault(length // 10, []).append(i)
        for bucket in buckets.values():  # every bucket may end with a short batch
            self.batches += [bucket[i : i + batch_size] for i in range(0, len(bucket), batch_size)]


class TensorBatches(Base):
    def __iter__(self) -> Iterator[list[int]]:
        for batch in super().__iter__():
            yield torch.tensor(batch)  # type: ignore[misc]  # a list of ints is required


class CountsSamples(Base):
    def __len__(self) -> int:
        return sum(map(len, self.batches))  # progress bars never finish


class CountsFullBatches(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__(lengths, batch_size, generator)
        self.full = len(lengths) // batch_size

    def __len__(self) -> int:
        return self.full  # does not count the shorter batch


class SortsInPlace(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__(lengths, batch_size, generator)
        if isinstance(lengths, Tensor):
            lengths.copy_(lengths.sort().values)  # the caller's lengths are in a new order
        elif isinstance(lengths, list):
            lengths.sort()


class OrderOnTheCpu(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        known = torch.as_tensor(lengths)
        noise = torch.rand(len(known), generator=generator) / 2  # always on the CPU
        super().__init__(known + noise, batch_size, generator)
