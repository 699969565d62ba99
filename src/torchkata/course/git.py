"""Git commands on the course's repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from torchkata.errors import KataError
from torchkata.i18n import _


class GitError(KataError):
    """Git is missing, the folder is no repository, or a command failed."""


def git(
    root: Path,
    *words: str,
    data: bytes | None = None,
    environment: dict[str, str] | None = None,
    seconds: float | None = None,
) -> bytes:
    """Run a git command in `root` and return its output.

    Args:
        root: the repository.
        words: the command's arguments.
        data: standard input.
        environment: variables to add.
        seconds: timeout; none by default.

    Raises:
        GitError: the command failed; the message ends with the last line of git's own.
    """
    try:
        done = subprocess.run(  # noqa: S603 - git, arguments are our own
            ["git", "-C", str(root), *words],  # noqa: S607 - found on the user's PATH
            input=data,
            capture_output=True,
            check=True,
            env={**os.environ, **(environment or {})},
            timeout=seconds,
        )
    except FileNotFoundError as error:
        raise GitError(_("git is not installed; install it to use this command.")) from error
    except subprocess.TimeoutExpired as error:
        raise GitError(
            _("git {verb} took longer than {seconds:g} seconds.", verb=words[0], seconds=seconds)
        ) from error
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise GitError(_("git {verb} failed: {why}", verb=words[0], why="".join(last))) from error
    return done.stdout


def lines(root: Path, *words: str) -> list[str]:
    """Run a git command and return the lines of its output."""
    return git(root, *words).decode(errors="replace").splitlines()
