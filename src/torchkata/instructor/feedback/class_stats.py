"""What a class did, counted up: states, traps, costs, points, and who needs a look."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from torchkata.course.catalogue import Exercise
from torchkata.instructor.feedback.learner_data import Told
from torchkata.instructor.gradebook.db import Row
from torchkata.result import State, Verdict

KINDS: Final = ("speed", "ops", "memory")


@dataclass(frozen=True, kw_only=True)
class Look:
    """A verdict that a person has to look at.

    Attributes:
        learner: whose.
        exercise: the id.
        state: unmeasurable or error.
        open: whether it has no points yet.
    """

    learner: str
    exercise_id: str
    state: str
    open: bool


@dataclass(frozen=True, kw_only=True)
class Total:
    """A learner's points.

    Attributes:
        learner: whose.
        points: the sum, without what is open.
        open: weight of what nobody has decided yet.
    """

    learner: str
    points: float
    open: float


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one answer costs of what it may.

    Attributes:
        share: of the cost that is allowed; at most 1 passes, but for rounding.
        over: whether the check failed.
    """

    share: float
    over: bool


@dataclass(kw_only=True)
class Survey:
    """A class, counted.

    Attributes:
        lessons: the exercises that count.
        states: by exercise, learners by state.
        traps: by exercise, learners by the name of the trap.
        sentences: by exercise and trap, what learners are told, counted.
        spent: by exercise and kind of cost, one for each answer: of its checks the nearest to
            the limit.
        totals: of each learner.
        looks: in the order of learners.
        problems: by learner, what could not be taken of the hand-in.
        late: who came after the deadline.
    """

    exercises: Sequence[Exercise]
    states: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    traps: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    join: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    spent: dict[tuple[str, str], list[Spent]] = field(default_factory=lambda: defaultdict(list))
    totals: list[Total] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)

    def add(
        self,
        learner: str,
        about: Mapping[str, Any],
        exercises: Sequence[Told],
        rows: Mapping[str, Row],
    ) -> None:
        """Count one learner.

        Args:
            learner: by the gradebook's name.
            about: late and problems, as the gradebook has them.
            exercises: what the learner is told, of every exercise.
            rows: verdicts by exercise.
        """
        if about["late"]:
            self.late.append(learner)
        if about["problems"]:
            self.problems[learner] = about["problems"]
        self.totals.append(
            Total(
                learner=learner,
                points=sum(told.cell.points or 0.0 for told in exercises),
                open=sum(told.cell.weight for told in exercises if told.cell.points is None),
            )
        )
        for told in exercises:
            self._count(learner, told, rows.get(told.exercise.id))

    def _count(self, learner: str, told: Told, row: Row | None) -> None:
        exercise_id, cell = told.exercise.id, told.cell
        self.states[exercise_id][cell.state] += 1
        if cell.points is None or cell.state in (State.ERROR, State.UNMEASURABLE):
            self.looks.append(
                Look(
                    learner=learner,
                    exercise_id=exercise_id,
                    state=cell.state,
                    open=cell.points is None,
                )
            )
        for check in row.result["checks"] if row is not None else ():
            if trap := str(check.get("trap", "")):
                self.traps[exercise_id][trap] += 1
                self.join[exercise_id, trap][str(check["why"])] += 1
        spent: dict[str, Spent] = {}
        for finding in told.findings:
            kind, found = finding["axis"], _spent(finding)
            if found is not None and (kind not in spent or found.share > spent[kind].share):
                spent[kind] = found
        for kind, found in spent.items():
            self.spent[exercise_id, kind].append(found)


def _spent(finding: Mapping[str, Any]) -> Spent | None:
    """The share of its budget that a check has used; None where it has no figures."""
    figures: Mapping[str, float] = finding["figures"]
    over = finding["verdict"] == Verdict.FAILED
    if figures.get("ratio", 0) > 0 and "threshold" in figures:  # time: twice as fast is half of it
        return Spent(share=figures["threshold"] / figures["ratio"], over=over)
    for cost in ("ops", "extra_bytes"):
        if cost in figures and f"{cost}_allowed" in figures:
            return Spent(share=figures[cost] / max(figures[f"{cost}_allowed"], 1), over=over)
    return None
