"""Reference: every process iterates over the archive, and reads its own share of the members.

Correct: `get_worker_info()` says which worker this is, and the workers take turns, so each member
belongs to exactly one of them. Fast: of a skipped member, only the header is read. Small: one
sample is in memory at a time. The archive is opened inside the pass, so each process has its own
file position.
"""

import io
import tarfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info


def share() -> tuple[int, int]:
    """Return the index of this process and the number of processes."""
    info = get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)


def is_array(member: tarfile.TarInfo) -> bool:
    return member.isfile() and member.name.endswith(".npy")


def loaded(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Tensor:
    """Read one array. If that fails, the error names the member."""
    try:
        file = archive.extractfile(member)
        assert file is not None
        return torch.from_numpy(np.load(io.BytesIO(file.read())))
    except Exception as error:
        raise ValueError(f"cannot read {member.name}: {error}") from error


class TarStream(IterableDataset[Tensor]):
    def __init__(self, path: str) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, None, workers):
                yield loaded(archive, member)


HINTS = (
    "Each process has to know how many processes there are, and which of them it is.",
    "`torch.utils.data.get_worker_info()` returns both, or None outside of worker processes.",
    "Keep member i of the .npy members only if `i % info.num_workers == info.id`.",
)

EQUIVALENT = {
    "method in loaded: torch.from_numpy -> torch.tensor": (
        "the array is new in each call, so a copy of it is as good"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"TarStream": ("StreamMode", "HeadersByHand", "ListsAllFirst", "ByName")}


Base = TarStream


class StreamMode(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        number = 0
        with tarfile.open(self.path, mode="r|") as archive:  # never seeks: works on pipes, too
            for member in archive:
                if not is_array(member):
                    continue
                if number % workers == mine:
                    yield loaded(archive, member)
                number += 1


class HeadersByHand(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        number = 0
        with Path(self.path).open("rb") as file:
            while any(header := file.read(tarfile.BLOCKSIZE)):
                member = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
                data = file.read(-member.size % tarfile.BLOCKSIZE + member.size)[: member.size]
                if not is_array(member):
                    continue
                number += 1
                if (number - 1) % workers != mine:
                    continue
                try:
                    array = np.load(io.BytesIO(data))
                except Exception as error:
                    error.add_note(f"while reading {member.name}")
                    raise
                yield torch.from_numpy(array)


class ListsAllFirst(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = [member for member in archive.getmembers() if is_array(member)]
            for member in arrays[mine::workers]:  # reads all headers first, but no array
                yield loaded(archive, member)


class ByName(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            for member in archive:
                if is_array(member) and zlib.crc32(member.name.encode()) % workers == mine:
                    yield loaded(archive, member)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "TarStream": {
        "EachWorkerAll": "values",
        "NumbersFromOne": "values",
        "AtMostTwoShares": "values",
        "NamelessError": "values",
        "SkipsDamaged": "values",
        "OpensEarly": "memory",
        "OpensForEach": "memory",
        "ReadsAllFirst": "memory",
        "OpensTwice": "memory",
        "WholeArchive": "memory",
        "SkipsEmpty": "values",
        "ReadsAhead": "values",
        "OneWorkerReadsAll": "values",
        "AnyCase": "values",
        "OnePassOnly": "values",
        "TakesDirectories": "values",
        "TopFolderOnly": "values",
        "GivesArrays": "values",
        "Floats": "dtype",
        "FlatSamples": "shape",
        "NoIterableDataset": "contract",
    },
}


class EachWorkerAll(Base):
    def __iter__(self) -> Iterator[Tensor]:
        with tarfile.open(self.path) as archive:
            for member in archive:
                if is_array(member):
                    yield loaded(archive, member)  # all members in every process


class NumbersFromOne(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            for number, member in enumerate(archive, start=1):  # but worker ids start at 0
                if is_array(member) and (workers == 1 or number % workers == mine + 1):
                    yield loaded(archive, member)


class AtMostTwoShares(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, None, min(workers, 2)):  # wrong for three workers
                yield loaded(archive, member)


class NamelessError(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, None, workers):
                # A damaged member raises NumPy's error, which does not say where.
                yield torch.from_numpy(np.load(io.BytesIO(archive.extractfile(member).read())))  # type: ignore[union-attr]


class SkipsDamaged(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, None, workers):
                try:
                    yield loaded(archive, member)
                except ValueError:
                    continue  # silently trains on the remaining samples


class OpensEarly(Base):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.archive = tarfile.open(path)  # noqa: SIM115 - one file position, shared by all

    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        arrays = (member for member in self.archive if is_array(member))
        for member in islice(arrays, mine, None, workers):
            yield loaded(self.archive, member)


class OpensForEach(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            for member in islice(filter(is_array, archive), mine, None, workers):
                with tarfile.open(self.path) as again:  # again for every sample
                    yield loaded(again, member)


class ReadsAllFirst(Base):
    def __iter__(self) -> Iterator[Tensor]:
        return iter(list(super().__iter__()))  # holds all samples at once


class OpensTwice(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path, "r:") as archive:
            count = sum(map(is_array, archive))  # reads every header only to count
        with tarfile.open(self.path, "r:") as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, count, workers):
                yield loaded(archive, member)


class WholeArchive(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        whole = io.BytesIO(Path(self.path).read_bytes())  # may be larger than memory
        with tarfile.open(fileobj=whole) as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, None, workers):
                yield loaded(archive, member)


class SkipsEmpty(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if is_array(member) and member.size)
            for member in islice(arrays, mine, None, workers):  # an empty file must raise an error
                yield loaded(archive, member)


class OnePassOnly(Base):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.samples: Iterator[Tensor] | None = None

    def __iter__(self) -> Iterator[Tensor]:
        self.samples = self.samples or super().__iter__()
        return self.samples  # exhausted after the first pass


class TakesDirectories(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if member.name.endswith(".npy"))
            for member in islice(arrays, mine, None, workers):
                yield loaded(archive, member)  # a directory may be named x.npy, too


class TopFolderOnly(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (m for m in archive if is_array(m) and "/" not in m.name)  # skips subfolders
            for member in islice(arrays, mine, None, workers):
                yield loaded(archive, member)


class GivesArrays(Base):
    def __iter__(self) -> Iterator[Tensor]:
        for sample in super().__iter__():
            yield sample.numpy()  # type: ignore[misc]  # a DataLoader converts arrays, which hides this


class Floats(Base):
    def __iter__(self) -> Iterator[Tensor]:
        for sample in super().__iter__():
            yield sample.float()  # changes the dtype of int64 labels


class FlatSamples(Base):
    def __iter__(self) -> Iterator[Tensor]:
        for sample in super().__iter__():
            yield sample.flatten()  # changes the shape


class NoIterableDataset:
    def __init__(self, path: str) -> None:
        self.samples = Base(path)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.samples)

    def __len__(self) -> int:
        return 7  # a DataLoader iterates only over an IterableDataset


class ReadsAhead(Base):
    def __iter__(self) -> Iterator[Tensor]:
        waiting: list[Tensor] = []
        for sample in super().__iter__():
            waiting.append(sample)
            if len(waiting) == 3:  # an error at the third member loses two samples before it
                yield from waiting
                waiting = []
        yield from waiting


class OneWorkerReadsAll(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, _workers = share()
        with tarfile.open(self.path) as archive:
            for member in archive:
                if is_array(member) and mine == 0:  # the other workers are idle
                    yield loaded(archive, member)


class AnyCase(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (m for m in archive if m.isfile() and m.name.lower().endswith(".npy"))
            for member in islice(arrays, mine, None, workers):
                yield loaded(archive, member)
