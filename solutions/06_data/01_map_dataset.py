"""Reference: a sorted list of paths, and one np.load per index.

Correct: the list implements the numbering, with negative indices and IndexError. Small: it holds
paths only, so the folder may be larger than memory. Safe with workers: each process gets a copy of
the list and opens files itself.
"""

import fnmatch
import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset


class ArrayFolder(Dataset[Tensor]):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        self.files = sorted(Path(path).glob(pattern))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(np.load(self.files[index]))


HINTS = (
    "Python passes the object itself first. And a folder is listed in arbitrary order.",
    "`def __getitem__(self, index)` has to use `index`; `sorted` puts the names in order, once.",
    "`sorted(Path(path).glob(pattern))`, then `torch.from_numpy(np.load(self.files[index]))`.",
)

EQUIVALENT = {
    "method in ArrayFolder.__getitem__: torch.from_numpy -> torch.tensor": (
        "the array is new in each call, so a copy of it is as good"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"ArrayFolder": ("NamesByScandir", "Mapped")}


Base = ArrayFolder


class NamesByScandir(Dataset[Tensor]):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        self.path = str(path)
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if entry.is_file()]
        self.names = np.array(sorted(fnmatch.filter(names, pattern)), dtype=object)

    def __len__(self) -> int:
        return self.names.size

    def __getitem__(self, index: int) -> Tensor:
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range for {len(self)} files")
        with Path(self.path, self.names[index]).open("rb") as file:
            return torch.as_tensor(np.load(file))


class Mapped(Base):
    def __getitem__(self, index: int) -> Tensor:
        return torch.tensor(np.load(self.files[index], mmap_mode="r"))  # copied out of the mapping


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "ArrayFolder": {
        "AsListed": "values",
        "ByNumber": "values",
        "ByStem": "values",
        "Recursive": "values",
        "AllFiles": "values",
        "ReadsAll": "memory",
        "ReadsAllOnce": "memory",
        "KeepsArrays": "memory",
        "KeepsTheLast": "memory",
        "AllFilesByDefault": "contract",
        "ThroughFloat64": "dtype",
        "WrapsAround": "contract",
        "NoneAtTheEnd": "contract",
        "OnlyForward": "values",
        "Floats": "dtype",
        "AtLeastOneDim": "shape",
        "SkipsDamaged": "values",
        "CountsCalls": "values",
    },
}


class AsListed(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        self.files = list(Path(path).glob(pattern))  # arbitrary order, different on each machine


class ByNumber(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        super().__init__(path, pattern)
        self.files.sort(key=lambda file: (len(file.name), file.name))  # puts a2 before a10


class ByStem(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        super().__init__(path, pattern)
        self.files.sort(key=lambda file: file.stem)  # "a-1.npy" sorts before "a.npy"


class Recursive(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        self.files = sorted(Path(path).rglob(pattern))  # includes subfolders


class AllFiles(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        del pattern  # counts every array in the folder
        super().__init__(path)


class ReadsAll(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        super().__init__(path, pattern)
        self.arrays = [torch.from_numpy(np.load(file)) for file in self.files]  # all at once

    def __getitem__(self, index: int) -> Tensor:
        return self.arrays[index]


class ReadsAllOnce(Base):
    arrays: list[Tensor] | None = None

    def __getitem__(self, index: int) -> Tensor:
        if self.arrays is None:  # reads all files, and does so again in each worker process
            self.arrays = [torch.from_numpy(np.load(file)) for file in self.files]
        return self.arrays[index]


class KeepsArrays(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        super().__init__(path, pattern)
        self.known: dict[int, Tensor] = {}

    def __getitem__(self, index: int) -> Tensor:
        if index not in self.known:  # after one epoch, everything is in memory
            self.known[index] = torch.from_numpy(np.load(self.files[index]))
        return self.known[index]


class KeepsTheLast(Base):
    last: tuple[Path | None, Tensor] = (None, torch.empty(0))

    def __getitem__(self, index: int) -> Tensor:
        file = self.files[index]
        if self.last[0] != file:
            self.last = file, torch.from_numpy(np.load(file))
        return self.last[1]  # the caller gets the same tensor twice


class AllFilesByDefault(Base):
    def __init__(self, path: str | Path, pattern: str = "*") -> None:
        super().__init__(path, pattern)  # counts notes.txt, unless the caller gives a pattern


class ThroughFloat64(Base):
    def __getitem__(self, index: int) -> Tensor:
        array = np.load(self.files[index])
        if array.dtype == np.int64:
            array = array.astype(np.float64).astype(np.int64)  # rounds integers above 2**53
        return torch.from_numpy(array)


class WrapsAround(Base):
    def __getitem__(self, index: int) -> Tensor:
        if not self.files:
            raise IndexError(index)
        return torch.from_numpy(np.load(self.files[index % len(self)]))  # `for` never ends


class NoneAtTheEnd(Base):
    def __getitem__(self, index: int) -> Tensor:
        if not -len(self) <= index < len(self):
            return None  # type: ignore[return-value]  # `for` never ends
        return torch.from_numpy(np.load(self.files[index]))


class OnlyForward(Base):
    def __getitem__(self, index: int) -> Tensor:
        if not 0 <= index < len(self):
            raise IndexError(index)  # rejects -1, the last sample
        return torch.from_numpy(np.load(self.files[index]))


class Floats(Base):
    def __getitem__(self, index: int) -> Tensor:
        return torch.as_tensor(np.load(self.files[index]), dtype=torch.float32)  # integers too


class AtLeastOneDim(Base):
    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(np.atleast_1d(np.load(self.files[index])))  # [] becomes [1]


class SkipsDamaged(Base):
    def __getitem__(self, index: int) -> Tensor:
        try:
            return torch.from_numpy(np.load(self.files[index]))
        except (ValueError, EOFError):
            return torch.zeros(3)  # training continues silently with a made-up sample


class CountsCalls(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        super().__init__(path, pattern)
        self.at = 0

    def __getitem__(self, index: int) -> Tensor:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        self.at += 1  # ignores index: right only in order, once, in one process
        return torch.from_numpy(np.load(self.files[(self.at - 1) % len(self)]))
