"""Reference: a sorted list of names, and one np.load per question.

Right: the list does the numbering, negative indices and IndexError included. Small: only names are
held, so a folder larger than the memory is served all the same. Safe with workers: a process that
is forked gets the names, and opens files of its own.
"""

import fnmatch
import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

HINTS = (
    "Python passes the object itself first. And a listing of a folder comes in any order.",
    "`def __getitem__(self, index)` has to use index; `sorted` puts the names in order, once.",
    "`sorted(Path(path).glob(pattern))`, then `torch.from_numpy(np.load(self.files[index]))`.",
)

TRAPS = {
    "ArrayFolder": {
        "AsListed": "values",
        "ByNumber": "values",
        "ByStem": "values",
        "Recursive": "values",
        "AllFiles": "values",
        "ReadsAll": "memory",
        "ReadsAllOnce": "memory",
        "RoundAndRound": "contract",
        "NoneAtTheEnd": "contract",
        "OnlyForward": "values",
        "Floats": "dtype",
        "AtLeastOneDim": "shape",
        "SkipsDamaged": "values",
        "OneSharedFile": "values",
    },
}

ALTERNATIVES = {"ArrayFolder": ("NamesByScandir", "Mapped")}


class ArrayFolder(Dataset[Tensor]):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        self.files = sorted(Path(path).glob(pattern))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(np.load(self.files[index]))


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
            raise IndexError(f"{index} is past the end of {len(self)} files")
        with Path(self.path, self.names[index]).open("rb") as file:
            return torch.as_tensor(np.load(file))


class Mapped(Base):
    def __getitem__(self, index: int) -> Tensor:
        return torch.tensor(np.load(self.files[index], mmap_mode="r"))  # copied out of the mapping


class AsListed(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        self.files = list(Path(path).glob(pattern))  # in the order of the disk: differs by machine


class ByNumber(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        super().__init__(path, pattern)
        self.files.sort(key=lambda file: (len(file.name), file.name))  # a2 before a10: not asked


class ByStem(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        super().__init__(path, pattern)
        self.files.sort(key=lambda file: file.stem)  # but "a-1.npy" comes before "a.npy"


class Recursive(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        self.files = sorted(Path(path).rglob(pattern))  # looks into folders inside the folder


class AllFiles(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        del pattern  # forgotten: every array of the folder counts
        super().__init__(path)


class ReadsAll(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        super().__init__(path, pattern)
        self.arrays = [torch.from_numpy(np.load(file)) for file in self.files]  # all, in advance

    def __getitem__(self, index: int) -> Tensor:
        return self.arrays[index]


class ReadsAllOnce(Base):
    arrays: list[Tensor] | None = None

    def __getitem__(self, index: int) -> Tensor:
        if self.arrays is None:  # later, yet still all of them, and in each worker process anew
            self.arrays = [torch.from_numpy(np.load(file)) for file in self.files]
        return self.arrays[index]


class RoundAndRound(Base):
    def __getitem__(self, index: int) -> Tensor:
        if not self.files:
            raise IndexError(index)
        return torch.from_numpy(np.load(self.files[index % len(self)]))  # a `for` never ends


class NoneAtTheEnd(Base):
    def __getitem__(self, index: int) -> Tensor:
        if not -len(self) <= index < len(self):
            return None  # type: ignore[return-value]  # a `for` never ends
        return torch.from_numpy(np.load(self.files[index]))


class OnlyForward(Base):
    def __getitem__(self, index: int) -> Tensor:
        if not 0 <= index < len(self):
            raise IndexError(index)  # right past the end, but -1 is the last one
        return torch.from_numpy(np.load(self.files[index]))


class Floats(Base):
    def __getitem__(self, index: int) -> Tensor:
        return torch.as_tensor(np.load(self.files[index]), dtype=torch.float32)  # labels as floats


class AtLeastOneDim(Base):
    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(np.atleast_1d(np.load(self.files[index])))  # [] becomes [1]


class SkipsDamaged(Base):
    def __getitem__(self, index: int) -> Tensor:
        try:
            return torch.from_numpy(np.load(self.files[index]))
        except (ValueError, EOFError):
            return torch.zeros(3)  # the training goes on, on a sample that nobody measured


class OneSharedFile(Base):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        super().__init__(path, pattern)
        self.at = 0

    def __getitem__(self, index: int) -> Tensor:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        self.at += 1  # counts the questions: right in one process, in order, and once
        return torch.from_numpy(np.load(self.files[(self.at - 1) % len(self)]))
