"""Reference: every process walks through the archive, and reads its own share of the members.

Right: `get_worker_info()` says which process this is; members are dealt out like cards, so each is
in one hand, however many there are. Fast: skipped members cost a look at their header, no read.
Small: one sample is held at a time. The archive is opened inside the pass, so each process has a
file position of its own.
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

HINTS = (
    "Each process has to know how many there are, and which one it is itself.",
    "`torch.utils.data.get_worker_info()` tells both; None means: no worker process at all.",
    "Keep member i of the .npy members only if `i % info.num_workers == info.id`.",
)

TRAPS = {
    "TarStream": {
        "EachWorkerAll": "values",
        "NumbersFromOne": "values",
        "ByTheClockOfTwo": "values",
        "NamelessError": "values",
        "SkipsDamaged": "values",
        "OpensEarly": "memory",
        "OpensForEach": "memory",
        "ReadsAllFirst": "memory",
        "OpensTwice": "memory",
        "WholeArchive": "memory",
        "SkipsEmpty": "values",
        "OnePassOnly": "values",
        "TakesDirectories": "values",
        "TopFolderOnly": "values",
        "GivesArrays": "values",
        "Floats": "dtype",
        "FlatSamples": "shape",
        "NoIterableDataset": "contract",
    },
}

ALTERNATIVES = {"TarStream": ("StreamMode", "HeadersByHand", "ListsAllFirst", "ByName")}


def share() -> tuple[int, int]:
    """Which process this is, and of how many."""
    info = get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)


def is_array(member: tarfile.TarInfo) -> bool:
    return member.isfile() and member.name.endswith(".npy")


def loaded(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Tensor:
    """Read one array; an error names the member."""
    try:
        file = archive.extractfile(member)
        assert file is not None
        return torch.from_numpy(np.load(io.BytesIO(file.read())))
    except Exception as error:
        raise ValueError(f"{member.name} cannot be read: {error}") from error


class TarStream(IterableDataset[Tensor]):
    def __init__(self, path: str) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, None, workers):
                yield loaded(archive, member)


Base = TarStream


class StreamMode(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        number = 0
        with tarfile.open(self.path, mode="r|") as archive:  # never seeks: works on a pipe as well
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


class EachWorkerAll(Base):
    def __iter__(self) -> Iterator[Tensor]:
        with tarfile.open(self.path) as archive:
            for member in archive:
                if is_array(member):
                    yield loaded(archive, member)  # in each process: all of them


class NumbersFromOne(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            for number, member in enumerate(archive, start=1):  # worker numbers begin with 0
                if is_array(member) and (workers == 1 or number % workers == mine + 1):
                    yield loaded(archive, member)


class ByTheClockOfTwo(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, None, min(workers, 2)):  # right up to two workers
                yield loaded(archive, member)


class NamelessError(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, None, workers):
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
                    continue  # trains on what is left, and nobody hears of it


class OpensEarly(Base):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.archive = tarfile.open(path)  # noqa: SIM115 - one position, shared by all processes

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
                with tarfile.open(self.path) as again:  # once more for every sample
                    yield loaded(again, member)


class ReadsAllFirst(Base):
    def __iter__(self) -> Iterator[Tensor]:
        return iter(list(super().__iter__()))  # the whole archive in memory


class ListsAllFirst(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = [member for member in archive.getmembers() if is_array(member)]
            for member in arrays[mine::workers]:  # all headers are read first, but no array is
                yield loaded(archive, member)


class ByName(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            for member in archive:
                if is_array(member) and zlib.crc32(member.name.encode()) % workers == mine:
                    yield loaded(archive, member)


class OpensTwice(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path, "r:") as archive:
            count = sum(map(is_array, archive))  # a whole walk, only to count
        with tarfile.open(self.path, "r:") as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, count, workers):
                yield loaded(archive, member)


class WholeArchive(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        whole = io.BytesIO(Path(self.path).read_bytes())  # of a size that nobody knows
        with tarfile.open(fileobj=whole) as archive:
            arrays = (member for member in archive if is_array(member))
            for member in islice(arrays, mine, None, workers):
                yield loaded(archive, member)


class SkipsEmpty(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if is_array(member) and member.size)
            for member in islice(arrays, mine, None, workers):  # an empty file is damaged, too
                yield loaded(archive, member)


class OnePassOnly(Base):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.samples: Iterator[Tensor] | None = None

    def __iter__(self) -> Iterator[Tensor]:
        self.samples = self.samples or super().__iter__()
        return self.samples  # used up after the first pass


class TakesDirectories(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (member for member in archive if member.name.endswith(".npy"))
            for member in islice(arrays, mine, None, workers):
                yield loaded(archive, member)  # a directory may be called x.npy as well


class TopFolderOnly(Base):
    def __iter__(self) -> Iterator[Tensor]:
        mine, workers = share()
        with tarfile.open(self.path) as archive:
            arrays = (m for m in archive if is_array(m) and "/" not in m.name)
            for member in islice(arrays, mine, None, workers):
                yield loaded(archive, member)


class GivesArrays(Base):
    def __iter__(self) -> Iterator[Tensor]:
        for sample in super().__iter__():
            yield sample.numpy()  # type: ignore[misc]  # hidden by a DataLoader, which converts


class Floats(Base):
    def __iter__(self) -> Iterator[Tensor]:
        for sample in super().__iter__():
            yield sample.float()  # int64 labels are no floats


class FlatSamples(Base):
    def __iter__(self) -> Iterator[Tensor]:
        for sample in super().__iter__():
            yield sample.flatten()


class NoIterableDataset:
    def __init__(self, path: str) -> None:
        self.samples = Base(path)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.samples)

    def __len__(self) -> int:
        return 7  # the base class is what tells a DataLoader to iterate
