"""The exceptions that torchkata raises on purpose, and sentences for the system's own.

Each message says what to do next.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from torchkata.i18n import Message, _, verbatim

if TYPE_CHECKING:
    import sqlite3

_NOT_OF_THE_FILE: Final = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
_BY_SQLITE: Final = {
    3: errno.EACCES,  # SQLITE_PERM
    7: errno.ENOMEM,  # SQLITE_NOMEM
    8: errno.EROFS,  # SQLITE_READONLY
    13: errno.ENOSPC,  # SQLITE_FULL
    14: errno.EACCES,  # SQLITE_CANTOPEN
}
"""Numbers instead of names: workers import this module, but not sqlite3."""


class KataError(Exception):
    """Any failure that torchkata foresees.

    Args:
        message: what happened and what to do next; a plain string is shown in English always.
    """

    def __init__(self, message: Message | str) -> None:
        self.message = verbatim(message) if isinstance(message, str) else message
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


class UsageError(KataError):
    """The command line is wrong: an unknown option, exercise or device (exit code 2)."""


class CourseError(KataError):
    """The course's own files are at fault: a file is missing, or a grader is ill-formed."""


class ProtocolError(KataError):
    """A message between judge and worker breaks the wire format."""


class WorkerDiedError(KataError):
    """The worker ended, or timed out, before it had replied.

    Attributes:
        reason: one of `timeout`, `exit`, `signal`, `memory`, `protocol`.
        line: of the submission that was running; 0 if unknown.
    """

    def __init__(self, reason: str, message: Message | str, line: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.line = line


class SubmissionError(KataError):
    """The submission's code raised; the worker reports that as data, never as an object.

    Attributes:
        kind: the exception's class name, such as `ZeroDivisionError`.
        line: the line of the submission that raised, if known.
        todo: whether the `NotImplementedError` of an untouched stub was raised.
        twin_limit: whether the worker says that the twin cannot run what was called.
        details: plain data that the worker's own exceptions carry, such as `limit`.
    """

    def __init__(
        self,
        kind: str,
        message: Message | str,
        line: int | None,
        *,
        todo: bool = False,
        twin_limit: bool = False,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.line = line
        self.todo = todo
        self.twin_limit = twin_limit
        self.details = details or {}


class Cancelled(KataError):  # noqa: N818 - no error: a newer job replaces this one
    """The grading was cancelled while it ran."""


class CheckFailed(KataError):  # noqa: N818 - reads as what it says
    """A claim of a grader's own test does not hold; the engine's checks return outcomes instead.

    Attributes:
        code: the kind of finding, such as `claim` or `wrong-shape`.
        facts: plain data by name for explanations, such as `got_shape`.
        metrics: numbers for the report, the unit in the key (`ratio`, `ops`, `extra_bytes`).
        line: of the submission; 0 if unknown.
    """

    def __init__(
        self,
        message: Message,
        *,
        code: str = "claim",
        facts: Mapping[str, object] | None = None,
        metrics: Mapping[str, float] | None = None,
        line: int = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.facts = facts or {}
        self.metrics = dict(metrics or {})
        self.line = line


class Unmeasurable(KataError):  # noqa: N818 - a third outcome rather than an error
    """Something cannot be decided on this machine now; never a failure of the submission.

    Attributes:
        metrics: what was measured nevertheless.
    """

    def __init__(self, message: Message, **metrics: float) -> None:
        super().__init__(message)
        self.metrics = metrics


def describe_os_error(error: OSError, file: str | os.PathLike[str] | None = None) -> Message:
    """Return what the system refused, and the next step.

    Args:
        error: as the system raised it.
        file: the file or folder that was used, if the error does not name it.
    """
    name = error.filename if isinstance(error.filename, str | bytes) else file
    code, path = error.errno, "" if name is None else os.fsdecode(name)
    if code in _NOT_OF_THE_FILE:
        return _describe_limit(error)
    if code in _FULL:
        if path:
            return _("{path} cannot be written, because the disk is full. Free some space, then "
                     "try again.", path=path)  # fmt: skip
        return _("The disk is full. Free some space, then try again.")
    if not path:
        return _("The system refused an operation: {reason}.", reason=_reason(error))
    return _describe_file(error, path)


def _describe_file(error: OSError, path: str) -> Message:
    match error.errno:
        case errno.EACCES | errno.EPERM if Path(path).is_dir():
            return _("You have no permission to use the folder {path}. Change that with "
                     "`chmod u+rwx`, or ask its owner.", path=path)  # fmt: skip
        case errno.EACCES | errno.EPERM:
            return _("You have no permission to use {path}. Change that with `chmod u+rw`, or ask "
                     "the owner of the file and its folder.", path=path)  # fmt: skip
        case errno.EROFS:
            return _("{path} cannot be written, because it is on a read-only disk. Copy the folder "
                     "to a place where you may write, and work there.", path=path)  # fmt: skip
        case errno.EISDIR:
            return _("{path} is a folder, but it should be a file. Move the folder away, then try "
                     "again.", path=path)  # fmt: skip
        case errno.ENOTDIR | errno.EEXIST:
            return _("A folder is needed for {path}, but a file is in its place. Move that file "
                     "away, then try again.", path=path)  # fmt: skip
        case errno.ENOENT:
            return _("{path} does not exist. Correct the name, or create it first.", path=path)
        case _:
            return _("The system refused to use {path}: {reason}.",
                     path=path, reason=_reason(error))  # fmt: skip


def _describe_limit(error: OSError) -> Message:
    match error.errno:
        case errno.ENOMEM:
            return _("There is not enough memory. Close other programs, then try again.")
        case errno.EAGAIN:
            return _("No more processes can be started. Close other programs, or raise the limit "
                     "with `ulimit -u`, then try again.")  # fmt: skip
        case _:
            return _("Too many files are open at the same time. Raise the limit with "
                     "`ulimit -n 1024`, then try again.")  # fmt: skip


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()


def is_machine_fault(error: OSError) -> bool:
    """Return whether an error is the machine's fault, whatever the submission does."""
    return error.errno in _NOT_OF_THE_FILE | _FULL


def describe_database_error(error: sqlite3.Error, file: str | os.PathLike[str]) -> Message | None:
    """Return what the system refused about a database; None if the database is at fault."""
    known = getattr(error, "sqlite_errorcode", None)
    code = None if known is None else _BY_SQLITE.get(known & 0xFF)
    return None if code is None else describe_os_error(OSError(code, os.strerror(code), str(file)))
