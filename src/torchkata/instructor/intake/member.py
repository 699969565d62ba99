"""One file of a submission: accepted or rejected by its name, size and content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from torchkata.errors import KataError
from torchkata.i18n import EMPTY, Message, _

MOST_BYTES: Final = 1 << 20  # of one file
SKIPPED: Final = {".git", "__pycache__", ".nox", ".venv", "venv", "__MACOSX", ".torchkata"}
"""Folders whose files are ignored."""


class IntakeError(KataError):
    """Raised for a submission that cannot be read; the message says why."""


@dataclass(frozen=True, kw_only=True)
class ArchiveMember:
    """One file of a submission.

    Attributes:
        path: Its path in the submission, with forward slashes.
        data: Its bytes, at most `MOST_BYTES`; None if it is rejected.
        rejected: Why it is rejected.
    """

    path: str
    data: bytes | None = None
    rejected: Message = EMPTY


def is_relevant(path: str) -> bool:
    """Return whether a path names a Python file outside the skipped folders."""
    return path.endswith(".py") and not SKIPPED & set(PurePosixPath(path).parts)


def accept(path: str, data: bytes) -> ArchiveMember:
    """Return a file as a member, or reject its content."""
    if len(data) > MOST_BYTES:
        return ArchiveMember(path=path, rejected=too_large())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ArchiveMember(path=path, rejected=_("It is not UTF-8 text."))
    if "\0" in text:
        return ArchiveMember(path=path, rejected=_("It is a binary file, not Python source."))
    return ArchiveMember(path=path, data=data)


def too_large() -> Message:
    """Return why a large file is rejected."""
    return _("It is larger than {size} MiB.", size=MOST_BYTES >> 20)


def symbolic_link() -> Message:
    """Return why a symbolic link is rejected."""
    return _("It is a symbolic link.")
