"""A course as bytes, to travel to another machine."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Final

from torchkata.archive import pack
from torchkata.course import Course, Lesson

_FOLDERS: Final = ("exercises", "solutions", "tests")
_MODE: Final = 0o644
_PROGRAM: Final = 0o755
_OLDEST: Final = (1980, 1, 1, 0, 0, 0)  # no zip can tell of an earlier time
_UNIX: Final = 3

__all__ = ["course_files", "digest_of", "pack", "unpack"]


def unpack(data: bytes, folder: Path) -> None:
    """Write the files of a pack of our own into a folder."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")


def zipped(files: Mapping[str, bytes], programs: Container[str] = ()) -> bytes:
    """Pack files, given by path, into a zip without times or order of the disk.

    Args:
        files: what it holds; stored as they are, for compressors differ between machines.
        programs: which of them may be run.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _OLDEST)
            entry.create_system = _UNIX
            entry.external_attr = (0o100000 | (_PROGRAM if path in programs else _MODE)) << 16
            archive.writestr(entry, files[path])
    return packed.getvalue()


def course_files(course: Course, lessons: Iterable[Lesson] = ()) -> dict[str, bytes]:
    """Every file that judging needs, by its path in the course: of these lessons, or of all."""
    chosen = list(lessons) or list(course.lessons)
    found: dict[str, bytes] = {}
    for lesson in chosen:
        for path in (lesson.stub, lesson.solution, lesson.grader):
            if path.is_file():
                found[path.relative_to(course.root).as_posix()] = path.read_bytes()
    for chapter in {lesson.chapter for lesson in chosen}:  # the words of a chapter, translated
        for folder in _FOLDERS:
            for path in sorted((course.root / folder / chapter).rglob("*.po")):
                found[path.relative_to(course.root).as_posix()] = path.read_bytes()
    return found


def digest_of(data: bytes) -> str:
    """Name a pack by its content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
