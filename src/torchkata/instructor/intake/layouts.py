"""Whose submission a file or folder is: plain names, and downloads from Canvas and Moodle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torchkata.instructor.intake.archive_reader import archive_kind

# `doejane_LATE_1234_56789_03_row_sum_fast-2.py`: Canvas numbers the learner and the upload
_CANVAS: Final = re.compile(
    r"(?P<who>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<upload>\d+)_(?P<rest>.+)"
)
# `Jane Doe_123456_assignsubmission_file_`: a folder, or the start of a file's name
_MOODLE: Final = re.compile(
    r"(?P<who>.+?)_(?P<id>\d+)_assignsubmission_\w+?_(?P<rest>[^/]*)", re.DOTALL
)
_SUFFIX: Final = re.compile(r"\.(zip|tar|tar\.\w{2,3}|t[gbx]z2?|bundle|py)$", re.IGNORECASE)
BROWSER_COPY: Final = re.compile(r" ?\(\d+\)$")
"""The suffix of a second download in a browser."""


@dataclass(frozen=True)
class Part:
    """A file or folder that is a part of a submission, with what its name says.

    Attributes:
        learner: The learner's name in the gradebook.
        path: Where it is.
        name: Its name without the platform's additions.
        late: Whether the platform marked it as late.
    """

    learner: str
    path: Path
    name: str
    late: bool = False


def find_parts(folder: Path) -> Iterator[Part]:
    """Yield the parts of all submissions in a folder."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__MACOSX":
            continue
        if moodle := _MOODLE.fullmatch(path.name):
            learner = f"{moodle['who']}_{moodle['id']}"
            yield Part(learner, path, moodle["rest"] or path.name)
            yield from find_archives(learner, path)
        elif not path.is_dir() and (canvas := _CANVAS.fullmatch(path.name)):
            learner = f"{canvas['who']}_{canvas['id']}"
            yield Part(learner, path, canvas["rest"], late=canvas["late"] is not None)
        elif path.is_dir():
            yield Part(path.name, path, path.name)
            yield from find_archives(path.name, path)
        elif archive_kind(path.name) or path.suffix == ".py":
            yield Part(_learner_of(path.name), path, path.name)


def find_archives(learner: str, folder: Path) -> Iterator[Part]:
    """Yield the archives in a learner's folder."""
    if folder.is_dir() and not folder.is_symlink():
        for path in sorted(folder.iterdir()):
            if archive_kind(path.name) and path.is_file():
                yield Part(learner, path, path.name)


def _learner_of(file_name: str) -> str:
    """Return a learner's name from an archive's: without suffix and without a browser's `(1)`."""
    return BROWSER_COPY.sub("", _SUFFIX.sub("", file_name)) or file_name
