"""Data 03: tar stream. Share one archive among worker processes, so that no sample comes twice.

Task
    Many small files are slow to open, so large data sets come as archives that are read from
    front to back. Such a stream has no numbered samples: it is an `IterableDataset`, and a
    DataLoader simply iterates over it, in each of its worker processes, from the beginning.

    `TarStream(path)` gives the arrays of a tar archive. The class below works well in one
    process. For an archive of 7 arrays, though, a DataLoader counts

        num_workers=0     7 samples
        num_workers=2    14 samples
        num_workers=3    21 samples

    since every worker process gives them all: an epoch of a model that trains on each sample
    three times. Mend it, and while you are there, let it say which member of the archive is
    damaged: "EOF: reading array data, expected 36 bytes got 20" is of little help among 100,000
    of them.

Shapes and units
    path      an uncompressed tar archive, as a str
    samples   one tensor for each .npy member, with its shape and dtype, in any folder of the
              archive; directories and members of other names are skipped, even a directory that
              is named like an array

Rules
    Whatever the number of worker processes (0, 1, 2, 3, ...), each sample comes exactly once in a
    pass; without worker processes in the order of the archive. There may be fewer samples than
    workers, or none. A second pass gives all of them again.
    Making the dataset opens nothing. A pass opens the archive once (in each process), and reads
    the arrays one by one, as they are asked for: an archive may be larger than the memory.
    A member that is no whole array (cut short, empty, garbage) raises an error of any type when
    its turn comes, whose text has the member's name in it, in worker processes too. An archive
    that is cut off raises an error as well.

Budget
    No budget; one sample at a time in memory.

Hints
    1. Each process has to know how many there are, and which one it is itself.
    Levels 2 and 3: `nox -s hint -- tar_stream`.
"""

import io
import tarfile
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset


class TarStream(IterableDataset[Tensor]):
    def __init__(self, path: str) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Tensor]:
        with tarfile.open(self.path) as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is not None and member.name.endswith(".npy"):
                    # TODO: with two worker processes, each sample comes twice; and name the
                    # member if its array cannot be read
                    yield torch.from_numpy(np.load(io.BytesIO(file.read())))
