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
from torchkata.course.files import open_course_files
from torchkata.course.helper_modules import helper_sources
from torchkata.course.settings import FILE as SETTINGS_FILE

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
    if (course.root / SETTINGS_FILE).is_file():
        files[SETTINGS_FILE] = (course.root / SETTINGS_FILE).read_bytes()
    return files | helper_sources(open_course_files(course.root))


def unpack(data: bytes, folder: Path) -> None:
    """Write the files of a bundle of our own to a folder."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")


def bundle_digest(data: bytes) -> str:
    """Return a digest that identifies a bundle by its content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
