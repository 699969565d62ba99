"""Events that reach watch mode, and the effects that its updates request: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from torchkata.i18n import EMPTY, Message
from torchkata.result import ExerciseResult


class Page(StrEnum):
    """What fills the screen above the last lines."""

    EXERCISE = "exercise"
    LIST = "list"
    HINTS = "hints"
    SOLUTION = "solution"
    KEYS = "keys"
    ALL = "all"


# Events


@dataclass(frozen=True)
class Key:
    """A key was pressed: a character, or a name such as `up` or `enter`."""

    name: str


@dataclass(frozen=True, kw_only=True)
class FileRead:
    """The file of the current exercise was read.

    Attributes:
        exercise_id: the exercise.
        source: the file's bytes; None if there is no file.
        statement: the exercise's statement in paragraphs, if the file is the original stub.
        fault: why the file cannot be graded; empty if it can.
    """

    exercise_id: str
    source: bytes | None
    statement: tuple[Message, ...] = ()
    fault: Message = EMPTY


@dataclass(frozen=True, kw_only=True)
class CheckStarted:
    """A job has started a check."""

    job: int
    axis: str


@dataclass(frozen=True, kw_only=True)
class GradingDone:
    """A job has finished.

    Attributes:
        job: its number.
        exercise_id: the exercise.
        source: the source that was graded; None if there is no file.
        result: the result.
    """

    job: int
    exercise_id: str
    source: bytes | None
    result: ExerciseResult


@dataclass(frozen=True)
class TimerFired:
    """The timer of a job has expired."""

    job: int


@dataclass(frozen=True, kw_only=True)
class EffectDone:
    """An effect has finished.

    Attributes:
        notice: a short message for the learner.
        page: the page to show; None to stay on the current one.
        body: the content of that page, in paragraphs.
    """

    notice: Message = EMPTY
    page: Page | None = None
    body: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Resized:
    """The terminal was resized."""

    columns: int
    rows: int


Event = Key | FileRead | CheckStarted | GradingDone | TimerFired | EffectDone | Resized


# Effects


@dataclass(frozen=True)
class OpenExercise:
    """Read the file of an exercise and prepare to grade it."""

    exercise_id: str


@dataclass(frozen=True, kw_only=True)
class StartGrading:
    """Grade an exercise; this cancels the job that runs.

    Attributes:
        job: the number of the new job.
        exercise_id: the exercise.
        source: its source; None to read the file when the job starts.
        seed: of the hidden inputs; None for a random one.
    """

    job: int
    exercise_id: str
    source: bytes | None = None
    seed: int | None = None


@dataclass(frozen=True)
class CancelGrading:
    """Cancel the job that runs."""


@dataclass(frozen=True)
class StartTimer:
    """Send `TimerFired(job)` after a short delay."""

    job: int


@dataclass(frozen=True, kw_only=True)
class SaveResult:
    """Save a result in the learner's progress."""

    exercise_id: str
    result: ExerciseResult
    source: bytes


@dataclass(frozen=True, kw_only=True)
class ShowHints:
    """Show the hints of an exercise up to a level."""

    exercise_id: str
    level: int


@dataclass(frozen=True)
class ShowSolution:
    """Show the solution of an exercise."""

    exercise_id: str


@dataclass(frozen=True)
class ResetExercise:
    """Restore the original stub of an exercise."""

    exercise_id: str


@dataclass(frozen=True)
class WriteReport:
    """Write the HTML report of all results."""


@dataclass(frozen=True)
class Quit:
    """Leave watch mode."""


Effect = (
    OpenExercise
    | StartGrading
    | CancelGrading
    | StartTimer
    | SaveResult
    | ShowHints
    | ShowSolution
    | ResetExercise
    | WriteReport
    | Quit
)
