"""Confine the process that will run a submission, and report which measures are in force.

The steps are, in this order: resource limits, `no_new_privs`, Landlock for files, and seccomp for
system calls. They need only the C library, and work for root and for ordinary users. Confinement is
permanent and applies to every thread that is started afterwards. A thread that is already running
stays unconfined, so confine a process right after it was forked.

Still allowed: a confined process may query whether a path exists and how large a file is, and it
may use its share of CPU time and memory.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torchkata.i18n import Message, _
from torchkata.i18n.lists import comma_list, semicolon_list
from torchkata.worker.confinement import landlock, libc, seccomp
from torchkata.worker.confinement.mount_namespace import (
    bound_processes,
    private_folders,
    user_namespace,
)
from torchkata.worker.confinement.readable_paths import readable_paths
from torchkata.worker.confinement.rlimits import Limits, limit, limits_known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Confinement",
    "Limits",
    "available_confinement",
    "become_subreaper",
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
    """The measures that confine a submission.

    Attributes:
        level: `full` if nothing is missing; `none` if neither Landlock nor seccomp is in force,
            because resource limits alone confine nothing; otherwise `partial`.
        measures: the measures in force, such as `rlimits`, `landlock 7`, `seccomp`.
        missing: the missing measures, each with its reason, in English.
    """

    level: str
    measures: tuple[str, ...]
    missing: tuple[str, ...]

    def describe(self) -> Message:
        """Return the sentence that a report shows."""
        names = [name.replace("landlock", "Landlock") for name in self.measures]
        measures, missing = comma_list(names), semicolon_list(self.missing)
        if self.level == "full":
            return _(
                "Submissions run confined: no files, no network, no other processes ({measures}).",
                measures=measures,
            )
        if self.level == "partial":
            return _(
                "Submissions run partly confined ({measures}). Missing: {missing}.",
                measures=measures,
                missing=missing,
            )
        return _(
            "Submissions run unconfined, because this platform lacks what torchkata needs "
            "({missing}). Grade only your own code here.",
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
    """Confine the current process permanently. Failures are reported, never raised.

    Args:
        limits: how many resources the process may use.
        readable: files and folders that stay readable; paths that do not exist are ignored.
        writable: files and folders that stay writable and readable; `/dev/null` always does.
        allow_processes: whether to allow forks, signals between the forked processes, and Unix
            sockets, which data loaders need. The level is then at most `partial`.
        private: a folder that stays visible while empty folders hide those that all processes
            share, such as `/tmp` (default: nothing is hidden).

    Returns:
        The measures in force. The caller decides whether they suffice.
    """
    record = _Record()
    record.start(limit(limits) if limits_known() else [])
    if not sys.platform.startswith("linux"):
        return record.confinement()
    try:
        older = sum(1 for _unused in Path("/proc/self/task").iterdir()) - 1
    except OSError as error:
        record.add_missing(f"a check for threads older than the confinement: {error}")
    else:
        if older:
            record.add_missing(f"confinement of {older} threads that were started before it")
    version = 0
    if private:
        outer = user_namespace()
        record.attempt("private folders", lambda: private_folders(private, readable))
        record.attempt("a bound on the number of processes", lambda: bound_processes(outer))
        die_with_parent()  # a change of privileges may have cleared the setting

    def restrict_files() -> str:
        nonlocal version
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1)
        version = landlock.restrict(readable, (*writable, *_HARMLESS_TO_WRITE))
        return f"landlock {version}"

    def restrict_calls() -> str:
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1)
        seccomp.restrict(
            allow_processes=allow_processes, signals_scoped=version >= landlock.SCOPES_ABI
        )
        return _SECCOMP

    record.attempt("Landlock", restrict_files)
    record.attempt(_SECCOMP, restrict_calls)
    if allow_processes:
        if not private:
            record.add_missing("a bound on the number of processes, which this exercise starts")
        record.add_missing("a ban on Unix sockets with a path, which data loaders use")
    return record.confinement()


def available_confinement() -> Confinement:
    """Return the measures that `confine` would put in force here, without confining the caller."""
    record = _Record()
    record.start([])
    if not sys.platform.startswith("linux"):
        return record.confinement()

    def check_calls() -> str:
        seccomp.check()
        return _SECCOMP

    record.attempt("Landlock", lambda: f"landlock {landlock.abi()}")
    record.attempt(_SECCOMP, check_calls)
    return record.confinement()


def die_with_parent() -> None:
    """Make the kernel kill this process when the thread that forked it ends.

    Changing the user clears this setting, so change the user first. It has no effect if the parent
    has already ended: a caller that knows its parent's id can compare it with `os.getppid()`.
    """
    if sys.platform.startswith("linux"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def become_subreaper() -> None:
    """Become the parent of orphaned descendants, on Linux."""
    if sys.platform.startswith("linux"):
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)


class _Record:
    """Records, step by step, which measures are in force and which are missing."""

    def __init__(self) -> None:
        self._measures: list[str] = []
        self._missing: list[str] = []

    def start(self, refused_limits: Sequence[str]) -> None:
        """Record the resource limits, and whether the platform can do more."""
        if limits_known():
            self.add_measure(_LIMITS)
            self._missing += refused_limits
        else:
            self.add_missing("rlimits: this platform has none")
        if not sys.platform.startswith("linux"):
            self.add_missing("Landlock and seccomp: they exist on Linux only")

    def add_measure(self, measure: str) -> None:
        self._measures.append(measure)

    def add_missing(self, reason: str) -> None:
        self._missing.append(reason)

    def attempt(self, name: str, step: Callable[[], str]) -> None:
        """Run a step that returns the name of its measure, or record why it failed."""
        try:
            self.add_measure(step())
        except Exception as error:  # noqa: BLE001 - the report shows it, whatever it is
            self.add_missing(f"{name}: {error}")

    def confinement(self) -> Confinement:
        """Return the records as data."""
        if not set(self._measures) - {_LIMITS}:
            level = "none"
        else:
            level = "partial" if self._missing else "full"
        return Confinement(
            level=level, measures=tuple(self._measures), missing=tuple(self._missing)
        )
