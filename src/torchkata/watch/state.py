"""What the loop knows: plain data, on which the screen and every step depend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from torchkata.result import ExerciseResult
from torchkata.watch.events import Judged, Page


@dataclass(frozen=True, kw_only=True)
class Item:
    """One exercise, as the loop shows it.

    Attributes:
        id: `CHAPTER/NN_name`.
        name: the short name.
        chapter: the folder that holds it.
        file: the learner's file as it is shown, which an editor can open by it.
        entries: the names that the file has to define.
        hints: how many levels of hints there are.
    """

    id: str
    name: str
    chapter: str
    file: str
    entries: tuple[str, ...] = ()
    hints: int = 3


class Question(StrEnum):
    """What waits for a yes."""

    RESET = "reset"
    SOLUTION = "solution"
    SOLUTION_AGAIN = "solution again"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A judgement that runs, or whose verdict is held back for a moment.

    Attributes:
        turn: its number.
        id: the exercise.
        quiet: whether it is one of all, rather than of the file just saved.
        check: what is being judged, once that is known.
    """

    turn: int
    id: str
    quiet: bool = False
    check: str = ""


@dataclass(frozen=True, kw_only=True)
class State:
    """Everything that the screen and the next step depend on.

    Attributes:
        items: the exercises, in order.
        at: the place of the current one.
        states: of every exercise by id, as `Progress.states` says them.
        size: columns and rows of the terminal.
        results: the last verdict of each exercise.
        judged: the file that each verdict is about.
        source: the current file as last seen; None where there is none.
        looked: whether the current file was looked at since it became current.
        text: the statement of the current exercise, while its file is untouched.
        fault: why the current file cannot be judged, if so.
        seed: of the hidden inputs when all are judged, so that a report can be repeated.
        turn: how many judgements were asked for.
        job: the judgement that runs.
        held: a verdict that is shown unless a newer save comes at once.
        queue: exercises still to judge after `all`, by id.
        done: exercises judged since `all` was asked for, by id.
        report: whether a report is written when the queue is empty.
        page: what fills the screen.
        body: text of the hints or of the solution.
        scroll: lines that have been scrolled past.
        question: what waits for a yes.
        notice: a short message above the last lines.
        filter: what was typed in the list.
        cursor: the place within the filtered list.
        hints: hint levels that were shown, by id.
        seen: exercises whose solution was shown.
    """

    items: tuple[Item, ...]
    states: Mapping[str, str]
    at: int = 0
    size: tuple[int, int] = (80, 24)
    results: Mapping[str, ExerciseResult] = field(default_factory=dict)
    judged: Mapping[str, bytes] = field(default_factory=dict)
    source: bytes | None = None
    looked: bool = False
    text: str = ""
    fault: str = ""
    seed: int = 0
    turn: int = 0
    job: Job | None = None
    held: Judged | None = None
    queue: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    report: bool = False
    page: Page = Page.EXERCISE
    body: str = ""
    scroll: int = 0
    question: Question | None = None
    notice: str = ""
    filter: str = ""
    cursor: int = 0
    hints: Mapping[str, int] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()

    @property
    def item(self) -> Item:
        """The current exercise."""
        return self.items[self.at]

    @property
    def result(self) -> ExerciseResult | None:
        """The last verdict of the current exercise."""
        return self.results.get(self.item.id)

    @property
    def passed(self) -> bool:
        """Whether the current exercise passes as it stands."""
        return self.states.get(self.item.id) == "passed"

    @property
    def found(self) -> tuple[int, ...]:
        """Places of the exercises that fit the filter."""
        words = self.filter.lower().split()
        return tuple(
            place
            for place, item in enumerate(self.items)
            if all(word in f"{item.id} {self.states.get(item.id, '')}".lower() for word in words)
        )
