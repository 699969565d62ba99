"""The files of a course: in folders, sealed in a kit, or in a kit without hidden material.

Graders, references and their translations are read here and nowhere else. In a kit they are never
written to disk, and no traceback shows their lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from torchkata.course import archive
from torchkata.course.packing import SEALED
from torchkata.course.sealing import unseal, version_of
from torchkata.errors import CourseError, describe_os_error
from torchkata.i18n import _

OPEN: Final = "shipped.tar.gz"
"""In a kit without hidden material: original stubs and hints."""

_HIDDEN: Final = ("solutions", "tests")


@dataclass(frozen=True)
class CourseFiles:
    """The files of one course, by their paths in the course's repository.

    Attributes:
        root: the course's folder.
        packed: the contents of a kit's one file, by path; None for a repository.
        examples_only: whether this is a kit without graders and references.
    """

    root: Path
    packed: Mapping[str, bytes] | None = None
    examples_only: bool = False

    @property
    def is_kit(self) -> bool:
        """Whether this is a kit for learners rather than the course's repository."""
        return self.packed is not None

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None if there is none.

        Raises:
            CourseError: it cannot be read.
        """
        if self.packed is not None and path.partition("/")[0] in _HIDDEN:
            return self.packed.get(path)
        file = self.root / path
        try:
            return file.read_bytes() if file.is_file() else None
        except OSError as error:
            raise CourseError(describe_os_error(error, file)) from error

    def original_stub(self, path: str) -> bytes | None:
        """Return a stub as it was handed out, if this is a kit; else git's history has it."""
        return None if self.packed is None else self.packed.get(path)


def open_course_files(root: Path) -> CourseFiles:
    """Return the files of the course in a folder.

    Raises:
        CourseError: a kit's file is damaged, or belongs to another torchkata version.
    """
    for name, open_ in ((SEALED, _sealed), (OPEN, _plain)):
        try:
            stat = (root / name).stat()
        except OSError:
            continue
        return CourseFiles(root, _opened(root / name, stat.st_mtime_ns, open_), name == OPEN)
    return CourseFiles(root)


@lru_cache(maxsize=4)
def _opened(
    file: Path, _changed: int, open_: Callable[[str, bytes], dict[str, bytes]]
) -> dict[str, bytes]:
    """Read a kit's file; again only after it changed."""
    try:
        return open_(file.name, file.read_bytes())
    except OSError as error:
        raise CourseError(describe_os_error(error, file)) from error
    except ValueError as error:
        raise CourseError(
            _(
                "{file} is damaged. Download the kit again and copy your exercises/ folder into "
                "it.",
                file=file.name,
            )
        ) from error


def _sealed(name: str, data: bytes) -> dict[str, bytes]:
    theirs, ours = version_of(data), version("torchkata")
    if theirs is None:
        raise ValueError("not a sealed file")
    if theirs != ours:
        raise CourseError(
            _(
                "{file} belongs to torchkata {theirs}, but {ours} is installed. Download the kit "
                "again, copy your exercises/ folder into it, and run `nox -s grade` there.",
                file=name,
                theirs=theirs,
                ours=ours,
            )
        )
    return unseal(data)


def _plain(_name: str, data: bytes) -> dict[str, bytes]:
    return archive.read(data)
