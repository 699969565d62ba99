"""What the scripts beside this one share: a record to write."""

from types import SimpleNamespace

from torchkata.learner.progress import Progress
from torchkata.result import ExerciseResult, CostRow, State

LESSON = SimpleNamespace(id="01_mini/02_halve")


def record(progress: Progress, turn: int) -> None:
    """Write the turn's record: the more turns, the lower its figure."""
    figures = {"ops": 1e6 - turn}
    result = ExerciseResult(
        id=LESSON.id, name="halve", chapter="01_mini", state=State.PASSED, seconds=1.0 + turn,
        ladder=(CostRow(who="yours", case="usual", figures=figures),),
    )  # fmt: skip
    progress.record(LESSON, result, b"source")
