"""What a course has shipped: files in folders, sealed in a kit, or open ones alone.

Graders, references and what belongs to them are read through a shelf and nowhere else, so that
in a kit they are never written to a disk, and no traceback finds their lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from torchkata.course.archive import contents
from torchkata.course.sealing import unseal, version_of
from torchkata.errors import CourseError
from torchkata.i18n import _

SEALED: Final = "graders.sealed"
"""In a kit: graders, references, and stubs as shipped."""

OPEN: Final = "shipped.tar.gz"
"""In a kit without hidden material: stubs as shipped, and hints."""

_HIDDEN: Final = ("solutions", "tests")


@dataclass(frozen=True)
class CourseFiles:
    """The files of one course, by their paths in the course's repository.

    Attributes:
        root: the course's folder.
        packed: what a kit's one file holds; None where everything lies in folders.
        open_only: whether that is a kit without graders and references.
    """

    root: Path
    packed: Mapping[str, bytes] | None = None
    open_only: bool = False

    @property
    def is_kit(self) -> bool:
        """Whether this is what learners get, rather than the course's repository."""
        return self.packed is not None

    def read(self, path: str) -> bytes | None:
        """The content of a file; None where there is none."""
        if self.packed is not None and path.partition("/")[0] in _HIDDEN:
            return self.packed.get(path)
        file = self.root / path
        return file.read_bytes() if file.is_file() else None

    def shipped(self, path: str) -> bytes | None:
        """A stub as shipped, where a kit holds it; a repository's history has it otherwise."""
        return None if self.packed is None else self.packed.get(path)


def open_course_files(root: Path) -> CourseFiles:
    """The shelf of a course's folder.

    Raises:
        CourseError: a kit's file is damaged, or another engine's.
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
    """What a file holds, until it changes."""
    try:
        return open_(file.name, file.read_bytes())
    except (OSError, ValueError) as error:
        raise CourseError(
            _(
                "{file} is damaged. Download the kit again, and copy your folder exercises/ into "
                "it.",
                file=file.name,
            )
        ) from error


def _sealed(name: str, data: bytes) -> dict[str, bytes]:
    theirs, ours = version_of(data), version("torchkata")
    if theirs is None:
        raise ValueError("no sealed file")
    if theirs != ours:
        raise CourseError(
            _(
                "{file} belongs to torchkata {theirs}, but {ours} is installed. Download the kit "
                "again, copy your folder exercises/ into it, and run `nox -s grade` there.",
                file=name,
                theirs=theirs,
                ours=ours,
            )
        )
    return unseal(data)


def _plain(_name: str, data: bytes) -> dict[str, bytes]:
    return contents(data)
