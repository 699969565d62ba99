"""A course as one archive, to send it to another machine."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise

_FOLDERS: Final = ("exercises", "solutions", "tests")


def course_files(course: Course, exercises: Iterable[Exercise] = ()) -> dict[str, bytes]:
    """Return every file that grading needs, by its path in the course.

    Args:
        course: The course.
        exercises: The exercises to include (default: all).
    """
    included = list(exercises) or list(course.exercises)
    files: dict[str, bytes] = {}
    for exercise in included:
        for path in (exercise.stub_path, exercise.solution_path, exercise.grader_path):
            if path.is_file():
                files[path.relative_to(course.root).as_posix()] = path.read_bytes()
    for chapter in {exercise.chapter for exercise in included}:
        for folder in _FOLDERS:
            for path in sorted((course.root / folder / chapter).rglob("*.po")):
                files[path.relative_to(course.root).as_posix()] = path.read_bytes()
    return files


def unpack(data: bytes, folder: Path) -> None:
    """Write the files of a bundle of our own to a folder."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")


def bundle_digest(data: bytes) -> str:
    """Return a digest that identifies a bundle by its content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
