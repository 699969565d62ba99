"""Statistics of a class: states, traps, costs, points, and what needs review."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from torchkata.course.exercise import Exercise
from torchkata.i18n import Message
from torchkata.instructor.feedback.learner_data import ExerciseFeedback, LearnerFeedback
from torchkata.instructor.gradebook.db import StoredVerdict
from torchkata.instructor.gradebook.redaction import RedactedCheck
from torchkata.instructor.intake.submissions import Problem
from torchkata.result import State, Verdict

COST_AXES: Final = ("speed", "ops", "memory")


@dataclass(frozen=True, kw_only=True)
class NeedsReview:
    """A verdict that a person has to review.

    Attributes:
        learner: The learner's name in the gradebook.
        exercise_id: `CHAPTER/NN_name`.
        state: Unmeasurable or error.
        undecided: Whether it has no points yet.
    """

    learner: str
    exercise_id: str
    state: str
    undecided: bool


@dataclass(frozen=True, kw_only=True)
class LearnerTotal:
    """A learner's points.

    Attributes:
        learner: The learner's name in the gradebook.
        points: The sum, without undecided points.
        undecided: The weight of the exercises that a person has to decide.
    """

    learner: str
    points: float
    undecided: float


@dataclass(frozen=True, kw_only=True)
class BudgetUse:
    """The cost of one submission, relative to its budget.

    Attributes:
        share: Of the budget; up to rounding, a share of at most 1 passes.
        exceeded: Whether the check failed.
    """

    share: float
    exceeded: bool


@dataclass(kw_only=True)
class ClassStats:
    """Statistics of a class.

    Attributes:
        exercises: The exercises that count.
        states: Number of learners in each state, by exercise.
        traps: Number of learners in each trap, by exercise.
        trap_sentences: How often learners read each explanation, by exercise and trap.
        budget_use: One for each submission, by exercise and axis; it is that of the check that is
            closest to its limit.
        totals: One for each learner.
        needs_review: In the order of learners.
        problems: Rejected files, by learner.
        late: Learners whose submission came after the deadline.
    """

    exercises: Sequence[Exercise]
    states: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    traps: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    trap_sentences: dict[tuple[str, str], Counter[Message]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    budget_use: dict[tuple[str, str], list[BudgetUse]] = field(
        default_factory=lambda: defaultdict(list)
    )
    totals: list[LearnerTotal] = field(default_factory=list)
    needs_review: list[NeedsReview] = field(default_factory=list)
    problems: dict[str, Sequence[Problem]] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)

    def add(self, feedback: LearnerFeedback, verdicts: Mapping[str, StoredVerdict]) -> None:
        """Add one learner.

        Args:
            feedback: The learner's feedback on every exercise.
            verdicts: The learner's verdicts, by exercise.
        """
        learner = feedback.learner
        if feedback.record.late:
            self.late.append(learner)
        if feedback.record.problems:
            self.problems[learner] = feedback.record.problems
        self.totals.append(
            LearnerTotal(
                learner=learner, points=feedback.points, undecided=feedback.undecided_points
            )
        )
        for each in feedback.exercises:
            self._add_exercise(learner, each, verdicts.get(each.exercise.id))

    def _add_exercise(
        self, learner: str, feedback: ExerciseFeedback, verdict: StoredVerdict | None
    ) -> None:
        exercise_id, cell = feedback.exercise.id, feedback.cell
        self.states[exercise_id][cell.state] += 1
        if cell.points is None or cell.state in (State.ERROR, State.UNMEASURABLE):
            self.needs_review.append(
                NeedsReview(
                    learner=learner,
                    exercise_id=exercise_id,
                    state=cell.state,
                    undecided=cell.points is None,
                )
            )
        for check in verdict.result["checks"] if verdict is not None else ():
            if trap := str(check["trap"]):
                sentence = Message.from_json(check["messages"]["why"])
                self.traps[exercise_id][trap] += 1
                self.trap_sentences[exercise_id, trap][sentence] += 1
        closest: dict[str, BudgetUse] = {}
        for finding in feedback.findings:
            use = _budget_use(finding)
            known = closest.get(finding.axis)
            if use is not None and (known is None or use.share > known.share):
                closest[finding.axis] = use
        for axis, use in closest.items():
            self.budget_use[exercise_id, axis].append(use)


def _budget_use(check: RedactedCheck) -> BudgetUse | None:
    """Return the share of its budget that a check used; None if it measured no cost."""
    metrics, exceeded = check.metrics, check.verdict is Verdict.FAILED
    if metrics.get("ratio", 0) > 0 and "threshold" in metrics:  # twice as fast is half the time
        return BudgetUse(share=metrics["threshold"] / metrics["ratio"], exceeded=exceeded)
    for cost in ("ops", "extra_bytes"):
        if cost in metrics and f"{cost}_allowed" in metrics:
            share = metrics[cost] / max(metrics[f"{cost}_allowed"], 1)
            return BudgetUse(share=share, exceeded=exceeded)
    return None
