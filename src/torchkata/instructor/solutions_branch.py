"""The branch `solutions`: main with every stub replaced by its solution."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.course.git import GitError, git, lines
from torchkata.errors import KataError
from torchkata.i18n import Message, _

BRANCH: Final = "solutions"
_COMMIT_MESSAGE: Final = "Replace every stub with its solution"


def make_branch(course: Course, base: str = "main") -> Message:
    """Create or update the branch without touching the work tree, and return what was done.

    Earlier commits of the branch stay in its history.

    Args:
        course: A course in a git repository.
        base: The branch whose stubs are replaced.

    Raises:
        KataError: There is no repository or no commit, or the branch is checked out.
    """
    root = course.root
    if BRANCH in lines(root, "branch", "--show-current"):
        raise KataError(
            _(
                "You are on branch `{branch}`. Run `git switch {base}` first.",
                branch=BRANCH,
                base=base,
            )
        )
    head = _commit(root, base) or _commit(root, "HEAD")
    if head is None:
        raise KataError(_("This repository has no commit yet. Commit the course first."))
    tree = _write_tree(course, head)
    old = _commit(root, f"refs/heads/{BRANCH}")
    if old is not None and _is_up_to_date(root, old, tree, head):
        return _("`{branch}` is up to date.", branch=BRANCH)
    parents = [word for parent in (old, head) if parent for word in ("-p", parent)]
    author = _author_options(root)
    commit = lines(root, *author, "commit-tree", tree, *parents, "-m", _COMMIT_MESSAGE)[0]
    git(root, "update-ref", f"refs/heads/{BRANCH}", commit, old or "")
    command = f"git switch {BRANCH} && nox -s grade -- --complete"
    if old:
        return _(
            "Updated `{branch}`. To see everything pass:\n  {command}",
            branch=BRANCH,
            command=command,
        )
    return _(
        "Created `{branch}`. To see everything pass:\n  {command}", branch=BRANCH, command=command
    )


def _author_options(root: Path) -> list[str]:
    """Return options that name an author if git does not know one."""
    try:
        git(root, "config", "user.email")
    except GitError:
        return ["-c", "user.name=torchkata", "-c", "user.email=torchkata@localhost"]
    return []


def _commit(root: Path, name: str) -> str | None:
    try:
        return lines(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")[0]
    except GitError:
        return None


def _is_up_to_date(root: Path, old: str, tree: str, head: str) -> bool:
    same_tree = lines(root, "rev-parse", f"{old}^{{tree}}")[0] == tree
    return same_tree and head in lines(root, "rev-list", "--parents", "-1", old)[0].split()


def _write_tree(course: Course, head: str) -> str:
    """Write the tree of `head` with stubs replaced, using a temporary index."""
    prefix = "".join(lines(course.root, "rev-parse", "--show-prefix"))
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": os.fspath(Path(folder) / "index")}
        git(course.root, "read-tree", head, environment=index)
        entries = []
        for exercise in course.exercises:
            solution = exercise.solution_path.relative_to(course.root).as_posix()
            try:
                blob = lines(course.root, "rev-parse", f"{head}:{prefix}{solution}")[0]
            except GitError:
                continue  # not committed yet: the branch follows the base, not the work tree
            stub = exercise.stub_path.relative_to(course.root).as_posix()
            entries.append(f"100644 {blob}\t{prefix}{stub}\n")
        git(
            course.root,
            "update-index",
            "--index-info",
            data="".join(entries).encode(),
            environment=index,
        )
        return git(course.root, "write-tree", environment=index).decode().strip()
