"""The comparison after a pass: the graded parts of the submission and of the reference."""

from __future__ import annotations

from dataclasses import replace

from torchkata.course.exercise import Exercise
from torchkata.course.source_code import excerpt, reason_to_win
from torchkata.errors import CourseError
from torchkata.i18n import Message
from torchkata.learner.progress import Metrics
from torchkata.result import Comparison, ExerciseResult, State


def attach_comparison(
    exercise: Exercise, result: ExerciseResult, source: bytes, best: Metrics | None
) -> ExerciseResult:
    """Return a passed result with a comparison to the reference; return others unchanged.

    Args:
        exercise: the exercise.
        result: its result.
        source: the source that was graded.
        best: the lowest metrics of earlier passes; None if progress is not recorded.

    Raises:
        CourseError: the solution is missing or is not UTF-8.
    """
    if result.state is not State.PASSED or exercise.files.examples_only:
        return result
    names = exercise.spec.names
    try:
        solution = exercise.reference_source.decode("utf-8")
    except UnicodeError as error:
        raise CourseError(f"{exercise.solution_path} is not UTF-8: {error}") from error
    quality, reason = reason_to_win(solution)
    comparison = Comparison(
        yours=excerpt(source.decode("utf-8-sig", "replace"), names),
        reference=excerpt(solution, names),
        quality=quality,
        reason=Message(reason),
        best=best,
    )
    return replace(result, comparison=comparison)
