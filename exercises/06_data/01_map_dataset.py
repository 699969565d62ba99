"""Data 01: map dataset. Serve a folder of arrays, one file at a time.

Task
    A map-style dataset answers two questions: how many samples are there (`len(ds)`), and which
    one is number i (`ds[i]`). A DataLoader needs no more than that to shuffle, to make batches and
    to spread the reading over worker processes. `ArrayFolder(path, pattern)` is to serve the .npy
    files of a folder. The class below looks like one, but what it does when asked is this:

        ds[0]     TypeError: ... takes 1 positional argument but 2 were given

    Behind that error wait two more faults, one in the numbering and one in the order. Mend it.

Shapes and units
    path       the folder, a str or a Path; it may be empty
    pattern    which of its files belong to the dataset, as for Path.glob
    len(ds)    how many files that is
    ds[i]      the tensor of the i-th file, with the shape and dtype that the file has: [], [3],
               [2, 4], ... and bool, int64, float32, ...

Rules
    `ArrayFolder` is a `torch.utils.data.Dataset`. Files are in the order of their names as
    strings, so a10.npy comes before a2.npy. Files in folders inside the folder do not count.
    Negative indices count from the end, as in a list; past either end there is an IndexError,
    which is how a `for` loop learns that the samples are over.
    Making the dataset opens no file, and ds[i] opens the file i alone: a folder may hold more
    than the memory does. A damaged file raises an error when its turn comes, of any type.
    All of this works in a DataLoader without worker processes, and with two.

Budget
    No budget; names are kept, arrays are not.

Hints
    1. Python passes the object itself first. And a listing of a folder comes in any order.
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

    def __getitem__(index: int) -> Tensor:  # TODO: give the sample that was asked for
        return torch.from_numpy(np.load(self.files[0]))
