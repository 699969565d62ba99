"""The state of watch mode: plain data that determines the screen and every update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from torchkata.i18n import EMPTY, Message
from torchkata.result import ExerciseResult, State
from torchkata.watch.events import GradingDone, Page


@dataclass(frozen=True, kw_only=True)
class ListedExercise:
    """What watch mode knows about an exercise in advance.

    Attributes:
        id: `CHAPTER/NN_name`.
        name: the short name.
        chapter: the folder that holds it.
        file: the path of the learner's file as it is shown, so that an editor can open it.
        entry_points: the names that the file has to define.
        hint_count: how many hints there are.
    """

    id: str
    name: str
    chapter: str
    file: str
    entry_points: tuple[str, ...] = ()
    hint_count: int = 3


class Question(StrEnum):
    """A question that only `y` confirms."""

    RESET = "reset"
    SOLUTION = "solution"
    SOLUTION_AGAIN = "solution again"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A grading that runs, or whose result is held back.

    Attributes:
        number: counts all jobs.
        exercise_id: the exercise.
        background: whether it is part of grading all exercises, rather than of a save.
        axis: of the check that runs; empty until the first check starts.
    """

    number: int
    exercise_id: str
    background: bool = False
    axis: str = ""


@dataclass(frozen=True, kw_only=True)
class WatchState:
    """Everything that the screen and the next update depend on.

    Attributes:
        exercises: the exercises, in order.
        states: of every exercise by id, as `Progress.states` returns them.
        index: of the current exercise.
        size: columns and rows of the terminal.
        results: the last result of each exercise.
        graded_sources: the source that each result is about.
        file_read: whether the file was read since the exercise was opened.
        source: the current file; None if there is none.
        statement: the statement of the current exercise, while its file is the original stub.
        fault: why the current file cannot be graded; empty if it can.
        secret: from which the seeds of gradings of all exercises are derived.
        seed: of the latest of these, so that its report can be repeated.
        last_job: the number of the last job.
        job: the job that runs.
        held_result: an error that is shown only if no newer save follows at once.
        queue: the exercises that are still to be graded, by id.
        finished: the exercises of the queue that were graded, by id.
        report_pending: whether to write a report when the queue is empty.
        page: what fills the screen.
        body: the paragraphs of the hints or of the solution.
        scroll: lines scrolled past.
        question: the question that waits for `y`.
        notice: a short message above the last lines.
        filter: what was typed in the list.
        cursor: the position in the filtered list.
        hint_levels: the highest hint that was shown, by id.
        solutions_seen: the exercises whose solution was shown, by id.
    """

    exercises: tuple[ListedExercise, ...]
    states: Mapping[str, str]
    index: int = 0
    size: tuple[int, int] = (80, 24)
    results: Mapping[str, ExerciseResult] = field(default_factory=dict)
    graded_sources: Mapping[str, bytes] = field(default_factory=dict)
    file_read: bool = False
    source: bytes | None = None
    statement: tuple[Message, ...] = ()
    fault: Message = EMPTY
    secret: int = 0
    seed: int = 0
    last_job: int = 0
    job: Job | None = None
    held_result: GradingDone | None = None
    queue: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    report_pending: bool = False
    page: Page = Page.EXERCISE
    body: tuple[Message, ...] = ()
    scroll: int = 0
    question: Question | None = None
    notice: Message = EMPTY
    filter: str = ""
    cursor: int = 0
    hint_levels: Mapping[str, int] = field(default_factory=dict)
    solutions_seen: frozenset[str] = frozenset()

    @property
    def exercise(self) -> ListedExercise:
        """The current exercise."""
        return self.exercises[self.index]

    @property
    def result(self) -> ExerciseResult | None:
        """The last result of the current exercise."""
        return self.results.get(self.exercise.id)

    @property
    def passed(self) -> bool:
        """Whether the current file passes."""
        return self.states.get(self.exercise.id) == State.PASSED

    @property
    def passed_count(self) -> int:
        """How many exercises pass."""
        return sum(state == State.PASSED for state in self.states.values())

    @property
    def matches(self) -> tuple[int, ...]:
        """The indices of the exercises that match the filter."""
        words = self.filter.lower().split()
        return tuple(
            index
            for index, exercise in enumerate(self.exercises)
            if all(
                word in f"{exercise.id} {self.states.get(exercise.id, '')}".lower()
                for word in words
            )
        )
