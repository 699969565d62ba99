"""The branch `solutions`: main with stubs replaced by solutions, made without the work tree."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from torchkata.course.catalogue import Course
from torchkata.course.git import GitError, git, lines
from torchkata.errors import KataError

BRANCH = "solutions"
_MESSAGE = "Every stub replaced by its solution"


def make_branch(course: Course, base: str = "main") -> str:
    """Make or update the branch and say what was done.

    The branch's former commits stay in its history.

    Args:
        course: in a git repository.
        base: the branch whose stubs are replaced.

    Raises:
        KataError: there is no repository or base, or the branch is checked out.
    """
    root = course.root
    if BRANCH in lines(root, "branch", "--show-current"):
        raise KataError(f"You are on `{BRANCH}` now. Run `git switch {base}` first.")
    head = _commit(root, base) or _commit(root, "HEAD")
    if head is None:
        raise KataError("This repository has no commit yet; commit the course first.")
    tree = _tree(course, head)
    old = _commit(root, f"refs/heads/{BRANCH}")
    if old is not None and _same(root, old, tree, head):
        return f"`{BRANCH}` is up to date."
    parents = [word for parent in (old, head) if parent for word in ("-p", parent)]
    commit = lines(root, *_identity(root), "commit-tree", tree, *parents, "-m", _MESSAGE)[0]
    git(root, "update-ref", f"refs/heads/{BRANCH}", commit, old or "")
    done = "updated" if old else "made"
    return (
        f"`{BRANCH}` is {done}. See everything pass:\n"
        f"  git switch {BRANCH} && nox -s grade -- --complete"
    )


def _identity(root: Path) -> list[str]:
    """Options that name an author where git knows none: this commit is the tool's."""
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


def _same(root: Path, old: str, tree: str, head: str) -> bool:
    same_tree = lines(root, "rev-parse", f"{old}^{{tree}}")[0] == tree
    return same_tree and head in lines(root, "rev-list", "--parents", "-1", old)[0].split()


def _tree(course: Course, head: str) -> str:
    """Write the tree of `head` with stubs replaced, in an index of its own."""
    prefix = "".join(lines(course.root, "rev-parse", "--show-prefix"))
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": os.fspath(Path(folder) / "index")}
        git(course.root, "read-tree", head, environment=index)
        entries = []
        for exercise in course.exercises:
            name = exercise.solution_path.relative_to(course.root).as_posix()
            try:
                blob = lines(course.root, "rev-parse", f"{head}:{prefix}{name}")[0]
            except GitError:
                continue  # not committed yet: the branch equals the base, not the work tree
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
