"""Data 01: map dataset. Serve a folder of arrays, one file at a time.

Task
    A map-style dataset defines `len(ds)` and `ds[i]`. A DataLoader needs no more than that to
    shuffle, to build batches and to read in several worker processes. `ArrayFolder(path, pattern)`
    should serve the .npy files of a folder, but the class below fails:

        ds[0]     TypeError: ... takes 1 positional argument but 2 were given

    Behind this error are two more bugs, one in the indexing and one in the order. Fix all three.

Shapes and units
    path       a folder, as a str or a Path; it may have no files
    pattern    selects the files of the dataset, as in Path.glob; it contains no "/" and no "**",
               and no subfolder matches it
    len(ds)    the number of these files
    ds[i]      the array of the i-th file as a tensor, with its shape and dtype: [], [3], [2, 4],
               ... and bool, int64, float32, ...

Rules
    `ArrayFolder` is a `torch.utils.data.Dataset`. Files are sorted by name as a string, so
    a10.npy comes before a2.npy. Files in subfolders do not count.
    Negative indices count from the end, as in a list. An index past either end raises IndexError;
    without it, a `for` loop over the dataset never ends.
    Creating the dataset opens no file, and ds[i] opens file i alone, each time, and keeps no array,
    because a folder may be larger than memory. A damaged file raises an error of any type when it
    is read.
    All of this works in a DataLoader without worker processes and with two.

Budget
    No budget.

Hints
    1. Python passes the object itself first. And a folder is listed in arbitrary order.
    Levels 2 and 3: `nox -s hint -- map_dataset`.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset


class ArrayFolder(Dataset[Tensor]):
    def __init__(self, path: str | Path, pattern: str = "*.npy") -> None:
        self.files = list(Path(path).glob(pattern))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(index: int) -> Tensor:  # TODO: return the sample at `index`
        return torch.from_numpy(np.load(self.files[0]))
