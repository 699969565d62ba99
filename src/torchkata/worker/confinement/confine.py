"""Confinement of the process that will run a submission: what is in force, and setting it up.

It takes, in this order, resource limits, `no_new_privs`, Landlock for files and seccomp for system
calls, by the C library alone, as root or as an ordinary user. It holds for good, and for every
thread that is started afterwards; a thread that is older stays free, so call it in a process that
has just been forked.

What it leaves open: a confined process may ask whether a path exists and how large a file is, and
may use its share of the processor and of memory.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torchkata.i18n import _
from torchkata.worker.confinement import landlock, libc, seccomp
from torchkata.worker.confinement.mount_namespace import bound_processes, folders
from torchkata.worker.confinement.readable_paths import readable_paths
from torchkata.worker.confinement.rlimits import Limits, limit, limits_known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Confinement",
    "Limits",
    "adopt_orphans",
    "available",
    "confine",
    "die_with_parent",
    "readable_paths",
]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

_HARMLESS_TO_WRITE = (os.devnull,)

_LIMITS = "rlimits"
_SECCOMP = "seccomp"


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """What keeps a submission in its place, for the report.

    Args:
        level: `full` when nothing is missing; `none` when neither Landlock nor seccomp is in
            force, as resource limits alone confine nothing; otherwise `partial`.
        measures: what is in force, such as `rlimits`, `landlock 7`, `seccomp`.
        missing: what is not, each with its reason.
    """

    level: str
    measures: tuple[str, ...]
    missing: tuple[str, ...]

    def sentence(self) -> str:
        """Return the one sentence that a report shows."""
        measures = ", ".join(self.measures).replace("landlock", "Landlock")
        if self.level == "full":
            return _(
                "Submissions run confined: no files, no network, no other processes ({measures}).",
                measures=measures,
            )
        missing = "; ".join(self.missing)
        if self.level == "partial":
            return _(
                "Submissions run partly confined ({measures}), without: {missing}.",
                measures=measures,
                missing=missing,
            )
        return _(
            "This platform offers no confinement that torchkata knows ({missing}): "
            "grade only your own code here.",
            missing=missing,
        )


def confine(
    limits: Limits,
    *,
    readable: Sequence[str] = (),
    writable: Sequence[str] = (),
    allow_processes: bool = False,
    private: str = "",
) -> Confinement:
    """Confine the current process for good; whatever fails is told, never raised.

    Args:
        limits: how much it may take.
        readable: files and folders that stay readable; paths that do not exist are passed over.
        writable: files and folders that stay writable, and readable; `/dev/null` always does.
        allow_processes: permit forks, signals among them, and Unix sockets, as data loaders
            need. The level is then at most `partial`, for the reasons that `missing` gives.
        private: a folder that stays in sight where the folders that all processes share, such as
            `/tmp`, are covered by empty ones.

    Returns:
        What is in force; the caller decides whether that is enough.
    """
    record = _Record()
    record.starts(limit(limits) if limits_known() else [])
    if not sys.platform.startswith("linux"):
        return record.confinement()
    try:
        older = sum(1 for _unused in Path("/proc/self/task").iterdir()) - 1
    except OSError as error:
        record.lacks(f"certainty that no thread is older than the confinement: {error}")
    else:
        if older:
            record.lacks(f"hold on {older} threads that started before the confinement")
    version = 0
    if private:
        record.attempt("private folders", lambda: folders(private, readable))
        record.attempt("a bound on the number of processes", bound_processes)
        die_with_parent()  # a change of privileges may have cleared it

    def files() -> str:
        nonlocal version
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1)
        version = landlock.restrict(readable, (*writable, *_HARMLESS_TO_WRITE))
        return f"landlock {version}"

    def calls() -> str:
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1)
        seccomp.restrict(
            allow_processes=allow_processes, signals_scoped=version >= landlock.SCOPES_ABI
        )
        return _SECCOMP

    record.attempt("Landlock", files)
    record.attempt(_SECCOMP, calls)
    if allow_processes:
        if not private:
            record.lacks("a bound on the number of processes, which this exercise needs")
        record.lacks("a bar to Unix sockets that have a path, which data loaders talk over")
    return record.confinement()


def available() -> Confinement:
    """Return what `confine` would put in force here, without confining the caller."""
    record = _Record()
    record.starts([])
    if not sys.platform.startswith("linux"):
        return record.confinement()

    def calls() -> str:
        seccomp.check()
        return _SECCOMP

    record.attempt("Landlock", lambda: f"landlock {landlock.abi()}")
    record.attempt(_SECCOMP, calls)
    return record.confinement()


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that forked it ends.

    Changing user clears it, so change user first. It comes too late for a parent that is already
    gone: a caller that knows its parent's number compares it with `os.getppid()` afterwards.
    """
    if sys.platform.startswith("linux"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, on Linux."""
    if sys.platform.startswith("linux"):
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)


class _Record:
    """Notes, step by step, what is in force and what is missing."""

    def __init__(self) -> None:
        self._measures: list[str] = []
        self._missing: list[str] = []

    def starts(self, refused_limits: Sequence[str]) -> None:
        """Note the resource limits, and whether the platform can do more."""
        if limits_known():
            self.in_force(_LIMITS)
            self._missing += refused_limits
        else:
            self.lacks("rlimits: this platform has none")
        if not sys.platform.startswith("linux"):
            self.lacks("Landlock and seccomp: they are Linux's")

    def in_force(self, measure: str) -> None:
        self._measures.append(measure)

    def lacks(self, reason: str) -> None:
        self._missing.append(reason)

    def attempt(self, name: str, step: Callable[[], str]) -> None:
        """Take a step that returns the measure's name, or note why it failed."""
        try:
            self.in_force(step())
        except Exception as error:  # noqa: BLE001 - a report must say it, whatever it was
            self.lacks(f"{name}: {error}")

    def confinement(self) -> Confinement:
        """Return the notes as data."""
        if not set(self._measures) - {_LIMITS}:
            level = "none"
        else:
            level = "partial" if self._missing else "full"
        return Confinement(
            level=level, measures=tuple(self._measures), missing=tuple(self._missing)
        )
