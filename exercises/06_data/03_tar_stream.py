"""Data 03: tar stream. Split one archive among worker processes so that no sample repeats.

Task
    Many small files are slow to open, so large datasets are stored in archives that are read from
    front to back. Such a stream has no numbered samples: it is an `IterableDataset`. A DataLoader
    iterates over it in each worker process, from the beginning. The class below yields the arrays
    of a tar archive. For an archive of 7 arrays, a DataLoader returns

        num_workers=0     7 samples
        num_workers=2    14 samples
        num_workers=3    21 samples

    because every worker yields all of them: an epoch trains on each sample up to three times. Fix
    it. Also name the damaged member in errors: "EOF: reading array data, expected 36 bytes got 20"
    does not help you find one among 100,000.

Shapes and units
    path      an uncompressed tar archive, as a str
    samples   one tensor for each file whose name ends in ".npy", with its shape and dtype, in any
              folder of the archive; other files (x.NPY) and directories do not count, even a
              directory named x.npy

Rules
    Each pass yields every sample exactly once, for any number of worker processes (0, 1, 2, 3,
    ...). Without worker processes, it keeps the order of the archive. There may be fewer samples
    than workers, or no samples; but of 40 samples, each worker yields some. A second pass yields
    all of them again.
    Creating the dataset opens nothing. A pass opens the archive once (in each process) and reads
    one array at a time: it yields an array before it reads the next one, and keeps none, because an
    archive may be larger than memory.
    A member that is not a complete array (cut short, empty, garbage) raises an error when it is
    read, in worker processes too. The error may have any type; its text contains the member's
    name. An archive that is cut off raises an error as well.

Budget
    No budget.

Hints
    1. Each process has to know how many processes there are, and which of them it is.
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
                    # TODO: two worker processes yield each sample twice, and an error does not
                    # name the damaged member
                    yield torch.from_numpy(np.load(io.BytesIO(file.read())))
