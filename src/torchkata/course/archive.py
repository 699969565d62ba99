"""Reproducible archives: the same files give the same bytes on every machine at any time."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Mapping
from typing import Final

_MODE: Final = 0o644
_EXECUTABLE_MODE: Final = 0o755
_REGULAR_FILE: Final = 0o100000
_UNIX: Final = 3


def create(files: Mapping[str, bytes]) -> bytes:
    """Create a gzipped tar of files, given by path, without times, owners or disk order."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode, entry.mtime = len(files[path]), _MODE, 0
            archive.addfile(entry, io.BytesIO(files[path]))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, compresslevel=9) as stream:
        stream.write(plain.getvalue())
    return packed.getvalue()


def read(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive, by path; nothing is written to disk.

    Raises:
        ValueError: the data is no archive, or a damaged one.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data)), mode="r:") as archive:
            opened = {entry.name: archive.extractfile(entry) for entry in archive}
            return {path: stream.read() for path, stream in opened.items() if stream is not None}
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ValueError(str(error)) from error


def create_zip(
    files: Mapping[str, bytes], *, executable: Collection[str] = (), compress: bool = False
) -> bytes:
    """Create a zip of files, given by path, without times; entries have the order of `files`.

    Args:
        files: the content of each file.
        executable: paths of the files that are executable.
        compress: whether to compress the files; those that are large may be compressed already.
    """
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path)  # the date is 1980-01-01, the earliest of the format
            entry.compress_type = method
            entry.create_system = _UNIX
            mode = _EXECUTABLE_MODE if path in executable else _MODE
            entry.external_attr = (_REGULAR_FILE | mode) << 16
            archive.writestr(entry, content, compresslevel=9 if compress else None)
    return packed.getvalue()
