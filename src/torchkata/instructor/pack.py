"""A course as bytes: the same files give the same bytes, wherever and whenever they are packed."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from torchkata.course import Course, Lesson

_FOLDERS: Final = ("exercises", "solutions", "tests")
_MODE: Final = 0o644


def pack(files: Mapping[str, bytes]) -> bytes:
    """Pack files, given by path, into a gzipped tar without times, owners or order of the disk."""
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


def unpack(data: bytes, folder: Path) -> None:
    """Write the files of a pack of our own into a folder."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")


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
            for path in sorted((course.root / folder / chapter).glob("*.po")):
                found[path.relative_to(course.root).as_posix()] = path.read_bytes()
    return found


def digest_of(data: bytes) -> str:
    """Name a pack by its content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
