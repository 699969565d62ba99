"""What happens to the loop, and what its steps ask for: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from torchkata.result import ExerciseResult


class Page(StrEnum):
    """What fills the screen above the last lines."""

    EXERCISE = "exercise"
    LIST = "list"
    HINTS = "hints"
    SOLUTION = "solution"
    KEYS = "keys"
    ALL = "all"


# What happens.


@dataclass(frozen=True)
class Key:
    """A key was pressed: a character, or a name such as `up` or `enter`."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Saw:
    """The current exercise's file was looked at.

    Attributes:
        id: the exercise that it belongs to.
        source: its bytes; None where there is no file.
        text: the statement, where the file is as shipped.
        fault: why it cannot be judged, if so.
    """

    id: str
    source: bytes | None
    text: str = ""
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Checking:
    """A judgement has come to a check."""

    turn: int
    check: str


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A judgement has ended.

    Attributes:
        turn: its number.
        id: the exercise.
        source: what was judged; None where there is no file.
        result: the verdict.
    """

    turn: int
    id: str
    source: bytes | None
    result: ExerciseResult


@dataclass(frozen=True)
class Woke:
    """A pause that a step asked for is over."""

    turn: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was asked for is there: a page of text, or a notice."""

    notice: str = ""
    page: Page | None = None
    body: str = ""


@dataclass(frozen=True)
class Resized:
    """The terminal has another size now."""

    columns: int
    rows: int


Event = Key | Saw | Checking | Judged | Woke | Told | Resized


# What a step asks for.


@dataclass(frozen=True)
class Open:
    """Look at the file of an exercise and get ready to judge it."""

    id: str


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judge an exercise, instead of whatever is judged now.

    Attributes:
        turn: comes back with the verdict.
        id: the exercise.
        source: its file; None to read it then.
        seed: of the hidden inputs; None for a fresh one.
    """

    turn: int
    id: str
    source: bytes | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Stop:
    """Stop judging."""


@dataclass(frozen=True)
class Pause:
    """Send `Woke(turn)` a moment later."""

    turn: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """Remember a verdict."""

    id: str
    result: ExerciseResult
    source: bytes


@dataclass(frozen=True, kw_only=True)
class ShowHints:
    """Show the hints of an exercise up to a level."""

    id: str
    level: int


@dataclass(frozen=True)
class ShowSolution:
    """Show the reference of an exercise."""

    id: str


@dataclass(frozen=True)
class Reset:
    """Bring an exercise's file back as shipped."""

    id: str


@dataclass(frozen=True)
class WriteReport:
    """Write the HTML report of all verdicts."""


@dataclass(frozen=True)
class Quit:
    """Leave."""


Effect = (
    Open | Judge | Stop | Pause | Record | ShowHints | ShowSolution | Reset | WriteReport | Quit
)
