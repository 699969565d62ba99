"""Who is learning here, for reports that others read."""

from __future__ import annotations

import getpass
from pathlib import Path

from torchkata.course.git import GitError, lines


def learner_name(course: Path) -> str:
    """Return the learner's name: that of git, else of the account; empty if neither is known."""
    try:
        name = " ".join(lines(course, "config", "user.name")).strip()
    except GitError:
        name = ""
    if name:
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
