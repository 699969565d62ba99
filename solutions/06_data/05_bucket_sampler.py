"""Reference: sort once, cut once, and draw a permutation of the batches in each pass.

Right: sorting decides which samples meet, the permutation only when. Cheap: the sort is paid once,
a pass costs one randperm of the number of batches. Repeatable: the generator is the only source of
chance, and it goes on from pass to pass, so each has an order of its own.
"""

import math
import random
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

HINTS = (
    "Two steps: which samples go together, and in which order the batches come. One is random.",
    "Sort the numbers by length and cut them into lists, once; permute the lists in each pass.",
    "`torch.argsort(torch.as_tensor(lengths)).tolist()`; `torch.randperm(k, generator=...)`.",
)

TRAPS = {
    "BucketSampler": {
        "ShortToLong": "values",
        "ShuffledOnce": "values",
        "SameEachPass": "values",
        "Rotated": "values",
        "OwnChance": "values",
        "HalfOwnChance": "values",
        "SeedsEverybody": "values",
        "RandomBatches": "values",
        "PoolsOfBatches": "values",
        "DropsTheShortOne": "values",
        "FixedBuckets": "shape",
        "TensorBatches": "contract",
        "CountsSamples": "contract",
        "CountsFullBatches": "contract",
        "SortsInPlace": "purity",
        "OrderOnTheCpu": "device",
    },
}

ALTERNATIVES = {"BucketSampler": ("LongestFirst", "ShuffledTies", "SeededByDraw")}

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


Base = BucketSampler


def listed(lengths: Lengths) -> list[int]:
    return lengths.tolist() if isinstance(lengths, Tensor) else list(lengths)


class LongestFirst(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        known = np.array(listed(lengths), dtype=np.int64)
        cuts = range(batch_size, len(known), batch_size)
        parts = np.split(np.argsort(-known), cuts)  # the short batch has the shortest ones
        self.batches = [part.tolist() for part in parts if part.size]
        self.generator = generator


class ShuffledTies(Sampler[list[int]]):
    """Samples of one length trade places between batches, too."""

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
        chance = random.Random(seed)  # noqa: S311 - no secret
        return iter(chance.sample(self.batches, len(self.batches)))


class ShortToLong(Base):
    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)  # the same course of lengths in every epoch


class ShuffledOnce(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__(lengths, batch_size, generator)
        self.batches = list(super().__iter__())

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)  # random, but every pass the same


class SameEachPass(Base):
    def __iter__(self) -> Iterator[list[int]]:
        if self.generator is not None:
            self.generator.manual_seed(self.generator.initial_seed())  # back to the first order
        return super().__iter__()


class Rotated(Base):
    def __iter__(self) -> Iterator[list[int]]:
        if self.batches:
            start = int(torch.randint(len(self.batches), (1,), generator=self.generator))
            yield from self.batches[start:] + self.batches[:start]  # still short to long


class OwnChance(Base):
    def __iter__(self) -> Iterator[list[int]]:
        for i in torch.randperm(len(self.batches)).tolist():  # the generator is forgotten
            yield self.batches[i]


class HalfOwnChance(Base):
    def __iter__(self) -> Iterator[list[int]]:
        batches = list(super().__iter__())
        random.shuffle(batches)  # a second source of chance, which no seed of the caller's reaches
        return iter(batches)


class SeedsEverybody(Base):
    passes = 0

    def __iter__(self) -> Iterator[list[int]]:
        self.passes += 1
        if self.generator is not None:  # repeatable, but so is now all else that is drawn
            torch.manual_seed(self.generator.initial_seed() + self.passes)
        yield from (self.batches[i] for i in torch.randperm(len(self.batches)).tolist())


class RandomBatches(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__(torch.rand(len(lengths)), batch_size, generator)  # lengths do not matter


class PoolsOfBatches(Sampler[list[int]]):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        self.lengths, self.batch_size, self.generator = listed(lengths), batch_size, generator

    def __iter__(self) -> Iterator[list[int]]:
        size, pool = self.batch_size, 8 * self.batch_size
        mixed = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        batches = []
        for start in range(0, len(mixed), pool):  # sorted only within 8 batches each: a compromise
            near = sorted(mixed[start : start + pool], key=self.lengths.__getitem__)
            batches += [near[i : i + size] for i in range(0, len(near), size)]
        for i in torch.randperm(len(batches), generator=self.generator).tolist():
            yield batches[i]

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.batch_size)


class DropsTheShortOne(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__(lengths, batch_size, generator)
        self.batches = [batch for batch in self.batches if len(batch) == batch_size]


class FixedBuckets(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__([], batch_size, generator)
        buckets: dict[int, list[int]] = {}
        for i, length in enumerate(listed(lengths)):
            buckets.setdefault(length // 10, []).append(i)
        for bucket in buckets.values():  # each bucket ends with a short batch of its own
            self.batches += [bucket[i : i + batch_size] for i in range(0, len(bucket), batch_size)]


class TensorBatches(Base):
    def __iter__(self) -> Iterator[list[int]]:
        for batch in super().__iter__():
            yield torch.tensor(batch)  # type: ignore[misc]  # no key of a dict, no index of a list


class CountsSamples(Base):
    def __len__(self) -> int:
        return sum(map(len, self.batches))  # progress bars never come to their end


class CountsFullBatches(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__(lengths, batch_size, generator)
        self.full = len(lengths) // batch_size

    def __len__(self) -> int:
        return self.full  # forgets the short one


class SortsInPlace(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        super().__init__(lengths, batch_size, generator)
        if isinstance(lengths, Tensor):
            lengths.copy_(lengths.sort().values)  # the caller's lengths belong to others now
        elif isinstance(lengths, list):
            lengths.sort()


class OrderOnTheCpu(Base):
    def __init__(self, lengths: Lengths, batch_size: int, generator: Source = None) -> None:
        known = torch.as_tensor(lengths)
        noise = torch.rand(len(known), generator=generator) / 2  # on the CPU, wherever known lives
        super().__init__(known + noise, batch_size, generator)
