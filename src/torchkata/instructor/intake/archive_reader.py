"""The files inside a hand-in, whatever it is: a folder, a zip, a tar, a git bundle or one file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from torchkata.course.git import GitError, git, lines
from torchkata.errors import KataError

MOST_BYTES: Final = 1 << 20  # of one answer
MOST_FILES: Final = 5_000  # in one hand-in
MOST_UNPACKED: Final = 256 << 20  # bytes that an archive may grow to before it is given up
MOST_PACKED: Final = 64 << 20

_TAR_ENDS: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OPENERS: Final[dict[bytes, Callable[[IO[bytes]], object]]] = {
    b"\x1f\x8b": gzip.open,
    b"BZ": bz2.open,
    b"\xfd7": lzma.open,
}
_SKIPPED: Final = {".git", "__pycache__", ".nox", ".venv", "venv", "__MACOSX", ".torchkata"}
_GIT_SECONDS: Final = 60.0


class HandInError(KataError):
    """A hand-in, or a file in it, that cannot be taken; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file of a hand-in.

    Attributes:
        path: within the hand-in, with forward slashes.
        data: its bytes, at most `MOST_BYTES`; None where it is refused.
        refused: why it is.
    """

    path: str
    data: bytes | None = None
    refused: str = ""


def archive_kind(name: str) -> str:
    """`zip`, `tar` or `bundle` by a file's name; empty for anything else."""
    lowered = name.lower()
    if lowered.endswith(".zip"):
        return "zip"
    if lowered.endswith(_TAR_ENDS):
        return "tar"
    return "bundle" if lowered.endswith(".bundle") else ""


def members(path: Path, *, before: float | None = None) -> Iterator[Member]:
    """Read the Python files of a hand-in, one after the other.

    Args:
        path: of a folder, an archive or a Python file.
        before: seconds since the epoch: of a git bundle, the last commit up to then counts.

    Raises:
        HandInError: it cannot be read, or is too large as a whole.
    """
    if path.is_symlink():
        raise HandInError(f"{path.name} is a symbolic link; hand in the files themselves.")
    if path.is_dir():
        yield from _capped(_in_folder(path))
        return
    kind = archive_kind(path.name)
    if kind and path.stat().st_size > MOST_PACKED:
        raise HandInError(f"{path.name} is larger than {MOST_PACKED >> 20} MiB.")
    try:
        if kind == "zip":
            yield from _capped(_in_zip(path))
        elif kind == "tar":
            yield from _capped(_in_tar(path))
        elif kind == "bundle":
            yield from _capped(_in_bundle(path, before))
        else:
            with path.open("rb") as file:
                yield _taken(path.name, file.read(MOST_BYTES + 1))
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        raise HandInError(f"{path.name} cannot be read: {error}") from error
    except (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, GitError) as error:
        raise HandInError(f"{path.name} is damaged, or not what its name says: {error}") from error


def _capped(found: Iterator[Member]) -> Iterator[Member]:
    for number, member in enumerate(found):
        if number >= MOST_FILES:
            raise HandInError(f"It holds more than {MOST_FILES:,} files.")
        yield member


def _wanted(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return path.endswith(".py") and not _SKIPPED & set(parts)


def _taken(path: str, data: bytes) -> Member:
    if len(data) > MOST_BYTES:
        return Member(path=path, refused=f"It is larger than {MOST_BYTES >> 20} MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Member(path=path, refused="It is no text in UTF-8.")
    if "\0" in text:
        return Member(path=path, refused="It is binary, no Python text.")
    return Member(path=path, data=data)


def _strange(path: str) -> str:
    """Why a path inside an archive is not trusted; empty when it is."""
    plain = path.replace("\\", "/")
    if plain.startswith("/") or ":" in plain.split("/")[0] or ".." in plain.split("/"):
        return "Its path leads out of the archive."
    return ""


def _in_folder(root: Path) -> Iterator[Member]:
    for folder, below, names in os.walk(root, followlinks=False):
        below[:] = sorted(name for name in below if name not in _SKIPPED)
        for name in [*below, *sorted(names)]:
            path = Path(folder) / name
            shown = path.relative_to(root).as_posix()
            if path.is_symlink():
                yield Member(path=shown, refused="It is a symbolic link.")
            elif name in names and _wanted(shown):
                yield _from_disk(path, shown)


def _from_disk(path: Path, shown: str) -> Member:
    """Open without following links and without waiting for a pipe; only a regular file counts."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - of a descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Member(path=shown, refused="It is no regular file.")
            return _taken(shown, file.read(MOST_BYTES + 1))
    except OSError as error:
        return Member(path=shown, refused=f"It cannot be opened ({error.strerror}).")


def _in_zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.is_dir() or not _wanted(entry.filename):
                continue
            mode = entry.external_attr >> 16
            if reason := _strange(entry.filename):
                yield Member(path=entry.filename, refused=reason)
            elif mode and stat.S_ISLNK(mode):
                yield Member(path=entry.filename, refused="It is a symbolic link.")
            elif entry.flag_bits & 1:
                yield Member(path=entry.filename, refused="It is encrypted.")
            else:
                with archive.open(entry) as file:
                    yield _taken(entry.filename, file.read(MOST_BYTES + 1))


class _Bounded(io.RawIOBase):
    """A stream that ends with an error once too much has come out of it."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner
        self._left = MOST_UNPACKED

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(size if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise HandInError(f"It unpacks to more than {MOST_UNPACKED >> 20} MiB.")
        return data


def _in_tar(path: Path) -> Iterator[Member]:
    with path.open("rb") as packed:
        opener = _OPENERS.get(packed.peek(2)[:2])
        plain = cast("IO[bytes]", opener(packed) if opener else packed)
        with tarfile.open(fileobj=cast("IO[bytes]", _Bounded(plain)), mode="r|") as archive:
            for entry in archive:
                if not _wanted(entry.name):
                    continue
                if reason := _strange(entry.name):
                    yield Member(path=entry.name, refused=reason)
                elif not entry.isreg():
                    yield Member(path=entry.name, refused="It is a link or no regular file.")
                else:
                    file = archive.extractfile(entry)
                    assert file is not None
                    yield _taken(entry.name, file.read(MOST_BYTES + 1))


def _in_bundle(path: Path, before: float | None) -> Iterator[Member]:
    """Fetch the objects into a repository of our own, without a work tree, and read blobs."""
    safe = ("-c", "core.hooksPath=/dev/null", "-c", "fetch.fsckObjects=true")
    with tempfile.TemporaryDirectory(prefix="torchkata-bundle-") as folder:
        root = Path(folder)
        git(root, "init", "--quiet", "--bare", ".")
        refs = "+refs/*:refs/handed/*"
        git(root, *safe, "fetch", "--quiet", "--no-tags", str(path.resolve()), refs,
            seconds=_GIT_SECONDS)  # fmt: skip
        commit = _tip(root, before)
        for line in lines(root, "ls-tree", "-r", "-l", "--full-tree", commit):
            about, _, name = line.partition("\t")
            mode, kind, blob, size = about.split()
            if not _wanted(name):
                continue
            if mode == "120000" or kind != "blob":
                yield Member(path=name, refused="It is a symbolic link, or no file.")
            elif int(size) > MOST_BYTES:
                yield Member(path=name, refused=f"It is larger than {MOST_BYTES >> 20} MiB.")
            else:
                yield _taken(name, git(root, "cat-file", "blob", blob))


def _tip(root: Path, before: float | None) -> str:
    """The newest commit of the branch that counts: main, master, or the only one there is."""
    names = lines(root, "for-each-ref", "--format=%(refname)", "refs/handed/heads")
    if not names:
        raise HandInError("The bundle holds no branch. Make it with: git bundle create X main")
    usual = [f"refs/handed/heads/{name}" for name in ("main", "master")]
    chosen = next((name for name in usual if name in names), names[0])
    limit = [f"--before={int(before)}"] if before is not None else []
    found = lines(root, "rev-list", "-1", *limit, chosen)
    if not found:
        raise HandInError("The bundle has no commit from before the deadline.")
    return found[0]
