"""The errors that torchkata raises on purpose; each text tells the reader what to do next."""

from __future__ import annotations

from collections.abc import Mapping


class KataError(Exception):
    """Any failure that torchkata foresees."""


class UsageError(KataError):
    """A command was called with words that it does not take (exit code 2)."""


class CourseError(KataError):
    """The course's own files are at fault: a file is missing, or a grader is ill-formed."""


class ProtocolError(KataError):
    """A message between judge and worker breaks the wire format."""


class WorkerDiedError(KataError):
    """The worker ended, or ran out of time, before it had answered.

    Attributes:
        reason: one of `timeout`, `exit`, `signal`, `memory`, `protocol`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SubmissionError(KataError):
    """The submission's code raised; the worker reports it as text, never as an object.

    Attributes:
        kind: the exception's class name, such as `ZeroDivisionError`.
        line: the line of the submission that raised, where known.
        todo: whether an untouched stub raised it.
    """

    def __init__(self, kind: str, message: str, line: int | None, *, todo: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.line = line
        self.todo = todo


class Cancelled(KataError):  # noqa: N818 - nothing is wrong: nobody wants the verdict any more
    """A judgement was called off while it ran."""


class CheckFailed(KataError):  # noqa: N818 - reads as what it says: the check failed
    """A check's finding: what was expected, what came, and why it matters.

    Attributes:
        figures: numbers for the report, the unit in the key (`ratio`, `ops`, `extra_bytes`).
        facts: plain data by name that explanations look at, such as `got_shape`.
    """

    def __init__(
        self, message: str, facts: Mapping[str, object] | None = None, /, **figures: float
    ) -> None:
        super().__init__(message)
        self.figures = figures
        self.facts = facts or {}


class Unmeasurable(KataError):  # noqa: N818 - a third outcome rather than an error
    """A check that cannot be decided here and now, with the reason; never a fail.

    Attributes:
        figures: what was measured all the same.
    """

    def __init__(self, message: str, **figures: float) -> None:
        super().__init__(message)
        self.figures = figures
