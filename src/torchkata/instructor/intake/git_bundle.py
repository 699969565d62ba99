"""Read the files of a git bundle without a work tree."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from torchkata.course.git import git, lines
from torchkata.i18n import _
from torchkata.instructor.intake.member import (
    MOST_BYTES,
    ArchiveMember,
    IntakeError,
    accept,
    is_relevant,
    too_large,
)

_GIT_SECONDS: Final = 60.0


def read_bundle(path: Path, before: float | None) -> Iterator[ArchiveMember]:
    """Fetch the commits into a temporary bare repository and yield the files of one of them.

    Args:
        path: The bundle.
        before: Seconds since the epoch. The last commit before it counts (default: the newest).

    Raises:
        IntakeError: The bundle contains no branch, or no such commit.
        GitError: It is damaged.
    """
    safe = ("-c", "core.hooksPath=/dev/null", "-c", "fetch.fsckObjects=true")
    with tempfile.TemporaryDirectory(prefix="torchkata-bundle-") as folder:
        root = Path(folder)
        git(root, "init", "--quiet", "--bare", ".")
        refs = "+refs/*:refs/handed/*"
        git(root, *safe, "fetch", "--quiet", "--no-tags", str(path.resolve()), refs,
            seconds=_GIT_SECONDS)  # fmt: skip
        commit = _newest_commit(root, before)
        for line in lines(root, "ls-tree", "-r", "-l", "--full-tree", commit):
            columns, _tab, name = line.partition("\t")
            mode, kind, blob, size = columns.split()
            if not is_relevant(name):
                continue
            if mode == "120000" or kind != "blob":
                reason = _("It is a symbolic link, or not a file.")
                yield ArchiveMember(path=name, rejected=reason)
            elif int(size) > MOST_BYTES:
                yield ArchiveMember(path=name, rejected=too_large())
            else:
                yield accept(name, git(root, "cat-file", "blob", blob))


def _newest_commit(root: Path, before: float | None) -> str:
    """Return the newest commit of main, of master, or else of the first branch."""
    branches = lines(root, "for-each-ref", "--format=%(refname)", "refs/handed/heads")
    if not branches:
        raise IntakeError(
            _("The bundle contains no branch. Create it with: git bundle create FILE main")
        )
    usual = [f"refs/handed/heads/{name}" for name in ("main", "master")]
    branch = next((name for name in usual if name in branches), branches[0])
    limit = [f"--before={int(before)}"] if before is not None else []
    commits = lines(root, "rev-list", "-1", *limit, branch)
    if not commits:
        raise IntakeError(_("The bundle contains no commit before the deadline."))
    return commits[0]
