"""Finds the exercises of a course by listing folders; imports no torch, for shell completion."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from torchkata.course.files import open_course_files

_NUMBERED: Final = re.compile(r"\d\d_\w+")
_FOLDERS: Final = ("exercises", "solutions", "tests")


def discover_exercises(root: Path) -> list[tuple[str, str, str]]:
    """List chapter, `NN_name` and name of every exercise in order; empty if there is no course.

    The name is the short one, or `CHAPTER_NAME/name` if the short one is not unique.

    Args:
        root: the folder with `exercises`, `solutions` and `tests`, or a kit.

    Raises:
        CourseError: it is a kit that cannot be read.
    """
    return name_exercises(_listed(root))


def name_exercises(files: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Return chapter, `NN_name` and name of every exercise in order; other files are left out.

    Args:
        files: chapter and stem of each.
    """
    found = sorted(
        {
            (chapter, stem)
            for chapter, stem in files
            if _NUMBERED.fullmatch(chapter) and _NUMBERED.fullmatch(stem)
        }
    )
    uses = Counter(stem[3:] for _chapter, stem in found)
    return [
        (chapter, stem, stem[3:] if uses[stem[3:]] == 1 else f"{chapter[3:]}/{stem[3:]}")
        for chapter, stem in found
    ]


def is_course(root: Path) -> bool:
    """Return whether a folder is a course or a kit.

    Raises:
        CourseError: it is a kit that cannot be read.
    """
    return open_course_files(root).is_kit or all(
        (root / folder).is_dir() for folder in _FOLDERS[1:]
    )


def find_course(folder: Path) -> Path | None:
    """Return the course that a folder is, or that it is in; None if there is none.

    Raises:
        CourseError: there is a kit that cannot be read.
    """
    start = folder.resolve()
    return next((each for each in (start, *start.parents) if is_course(each)), None)


def _listed(root: Path) -> Iterator[tuple[str, str]]:
    """Yield chapter and stem of every Python file in the course's folders."""
    packed = open_course_files(root).packed
    if packed is not None:
        paths = [PurePosixPath(path) for path in packed]
        files = [path for path in paths if len(path.parts) == 3 and path.suffix == ".py"]  # noqa: PLR2004 - folder, chapter, file
        yield from ((path.parts[1], path.stem.removeprefix("test_")) for path in files)
        return
    for folder in _FOLDERS:
        if (root / folder).is_dir():
            for chapter in (root / folder).iterdir():
                files = [PurePosixPath(path.name) for path in chapter.glob("*.py")]
                yield from ((chapter.name, path.stem.removeprefix("test_")) for path in files)
