"""Data for exercises on data loading: .npy arrays and tar archives in a scratch folder."""

from __future__ import annotations

import io
import itertools
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch


class DataDir:
    """A folder that a worker may read, with a folder `tmp` that it may write.

    Args:
        root: an empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._names = (root / f"{number:03}" for number in itertools.count())
        (root / "tmp").mkdir()

    def folder(self, contents: Mapping[str, torch.Tensor | bytes]) -> str:
        """Create a new folder of files and return its path.

        Args:
            contents: name to tensor (saved as .npy, whatever the name) or to bytes.
        """
        made = next(self._names)
        made.mkdir()
        for name, content in contents.items():
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else npy(content))
        return str(made)

    def tar(self, members: Mapping[str, torch.Tensor | bytes | None]) -> str:
        """Create a new tar archive with its members in this order, and return its path.

        Args:
            members: name to tensor (as .npy), to bytes, or to None for a directory.
        """
        made = next(self._names).with_suffix(".tar")
        with tarfile.open(made, "w") as archive:
            for name, content in members.items():
                entry = tarfile.TarInfo(name)
                if content is None:
                    entry.type = tarfile.DIRTYPE
                    archive.addfile(entry)
                    continue
                data = content if isinstance(content, bytes) else npy(content)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        return str(made)


def npy(tensor: torch.Tensor) -> bytes:
    """Return a tensor in the .npy format."""
    buffer = io.BytesIO()
    np.save(buffer, tensor.numpy(), allow_pickle=False)
    return buffer.getvalue()
