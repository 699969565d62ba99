"""A course as bytes, to travel to another machine."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from torchkata.course.archive import pack
from torchkata.course.catalogue import Course, Exercise

_FOLDERS: Final = ("exercises", "solutions", "tests")
_MODE: Final = 0o644

__all__ = ["course_files", "digest_of", "pack", "unpack"]


def unpack(data: bytes, folder: Path) -> None:
    """Write the files of a pack of our own into a folder."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")


def course_files(course: Course, exercises: Iterable[Exercise] = ()) -> dict[str, bytes]:
    """Every file that judging needs, by its path in the course: of these lessons, or of all."""
    chosen = list(exercises) or list(course.exercises)
    found: dict[str, bytes] = {}
    for exercise in chosen:
        for path in (exercise.stub_path, exercise.solution_path, exercise.grader_path):
            if path.is_file():
                found[path.relative_to(course.root).as_posix()] = path.read_bytes()
    for chapter in {exercise.chapter for exercise in chosen}:  # the words of a chapter, translated
        for folder in _FOLDERS:
            for path in sorted((course.root / folder / chapter).rglob("*.po")):
                found[path.relative_to(course.root).as_posix()] = path.read_bytes()
    return found


def digest_of(data: bytes) -> str:
    """Name a pack by its content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
