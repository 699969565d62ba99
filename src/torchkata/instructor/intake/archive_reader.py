"""Read the files of a submission: a folder, a zip, a tar, a git bundle or one Python file.

Nothing is unpacked to disk, and nothing of a submission is run.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, cast

from torchkata.course.git import GitError
from torchkata.i18n import EMPTY, Message, _
from torchkata.instructor.intake.git_bundle import read_bundle
from torchkata.instructor.intake.member import (
    MOST_BYTES,
    SKIPPED,
    ArchiveMember,
    IntakeError,
    accept,
    is_relevant,
    symbolic_link,
)

MOST_FILES: Final = 5_000  # in one submission
MOST_UNPACKED: Final = 256 << 20  # bytes of an archive's contents
MOST_PACKED: Final = 64 << 20  # bytes of an archive

_TAR_SUFFIXES: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OPENERS: Final[dict[bytes, Callable[[IO[bytes]], object]]] = {
    b"\x1f\x8b": gzip.open,
    b"BZ": bz2.open,
    b"\xfd7": lzma.open,
}


def archive_kind(name: str) -> str:
    """Return `zip`, `tar` or `bundle`, according to a file's name; empty for other files."""
    lowered = name.lower()
    if lowered.endswith(".zip"):
        return "zip"
    if lowered.endswith(_TAR_SUFFIXES):
        return "tar"
    return "bundle" if lowered.endswith(".bundle") else ""


def read_members(path: Path, *, before: float | None = None) -> Iterator[ArchiveMember]:
    """Yield the Python files of a submission.

    Args:
        path: A folder, an archive or a Python file.
        before: Seconds since the epoch. In a git bundle, the last commit before it counts.

    Raises:
        IntakeError: The submission cannot be read, or is too large.
    """
    if path.is_symlink():
        raise IntakeError(
            _("{name} is a symbolic link. Submit the files themselves.", name=path.name)
        )
    if path.is_dir():
        yield from _limit_count(_read_folder(path))
        return
    kind = archive_kind(path.name)
    if kind and path.stat().st_size > MOST_PACKED:
        raise IntakeError(
            _("{name} is larger than {size} MiB.", name=path.name, size=MOST_PACKED >> 20)
        )
    try:
        if kind == "zip":
            yield from _limit_count(_read_zip(path))
        elif kind == "tar":
            yield from _limit_count(_read_tar(path))
        elif kind == "bundle":
            yield from _limit_count(read_bundle(path, before))
        else:
            with path.open("rb") as file:
                yield accept(path.name, file.read(MOST_BYTES + 1))
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        raise IntakeError(
            _("{name} cannot be read: {reason}", name=path.name, reason=error)
        ) from error
    except (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, GitError) as error:
        reason = error.message if isinstance(error, GitError) else error
        raise IntakeError(
            _(
                "{name} is damaged, or is not what its name says: {reason}",
                name=path.name,
                reason=reason,
            )
        ) from error


def _limit_count(members: Iterator[ArchiveMember]) -> Iterator[ArchiveMember]:
    for number, member in enumerate(members):
        if number >= MOST_FILES:
            raise IntakeError(_("It contains more than {count:,} files.", count=MOST_FILES))
        yield member


def _unsafe_path(path: str) -> Message:
    """Return why a path in an archive is unsafe; empty if it is safe."""
    parts = path.replace("\\", "/").split("/")
    if not parts[0] or ":" in parts[0] or ".." in parts:
        return _("Its path leads out of the archive.")
    return EMPTY


def _read_folder(root: Path) -> Iterator[ArchiveMember]:
    for folder, below, names in os.walk(root, followlinks=False):
        below[:] = sorted(name for name in below if name not in SKIPPED)
        for name in [*below, *sorted(names)]:
            path = Path(folder) / name
            shown = path.relative_to(root).as_posix()
            if path.is_symlink():
                yield ArchiveMember(path=shown, rejected=symbolic_link())
            elif name in names and is_relevant(shown):
                yield _read_file(path, shown)


def _read_file(path: Path, shown: str) -> ArchiveMember:
    """Read a regular file without following links or waiting for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - of a descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return ArchiveMember(path=shown, rejected=_("It is not a regular file."))
            return accept(shown, file.read(MOST_BYTES + 1))
    except OSError as error:
        reason = _("It cannot be opened ({reason}).", reason=error.strerror)
        return ArchiveMember(path=shown, rejected=reason)


def _read_zip(path: Path) -> Iterator[ArchiveMember]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name, mode = entry.filename, entry.external_attr >> 16
            if entry.is_dir() or not is_relevant(name):
                continue
            if reason := _unsafe_path(name):
                yield ArchiveMember(path=name, rejected=reason)
            elif mode and stat.S_ISLNK(mode):
                yield ArchiveMember(path=name, rejected=symbolic_link())
            elif entry.flag_bits & 1:
                yield ArchiveMember(path=name, rejected=_("It is encrypted."))
            else:
                with archive.open(entry) as file:
                    yield accept(name, file.read(MOST_BYTES + 1))


class _LimitedReader(io.RawIOBase):
    """A stream that raises once more than `MOST_UNPACKED` bytes have been read."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner
        self._left = MOST_UNPACKED

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(size if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise IntakeError(_("It unpacks to more than {size} MiB.", size=MOST_UNPACKED >> 20))
        return data


def _read_tar(path: Path) -> Iterator[ArchiveMember]:
    with path.open("rb") as packed:
        opener = _OPENERS.get(packed.peek(2)[:2])
        plain = cast("IO[bytes]", opener(packed) if opener else packed)
        limited = cast("IO[bytes]", _LimitedReader(plain))
        with tarfile.open(fileobj=limited, mode="r|") as archive:
            for entry in archive:
                if not is_relevant(entry.name):
                    continue
                if reason := _unsafe_path(entry.name):
                    yield ArchiveMember(path=entry.name, rejected=reason)
                elif not entry.isreg():
                    reason = _("It is a link, or not a regular file.")
                    yield ArchiveMember(path=entry.name, rejected=reason)
                else:
                    file = archive.extractfile(entry)
                    assert file is not None
                    yield accept(entry.name, file.read(MOST_BYTES + 1))
