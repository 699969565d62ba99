"""The exceptions that torchkata raises on purpose; each message says what to do next."""

from __future__ import annotations

from collections.abc import Mapping

from torchkata.i18n import Message, verbatim


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
