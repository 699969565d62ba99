"""Hints, one level at a time: a direction, an idea, the call."""

from __future__ import annotations

from torchkata.course import Lesson
from torchkata.errors import CourseError, UsageError

LEVELS = 3


def hint(lesson: Lesson, level: int) -> str:
    """Return one hint of an exercise.

    Args:
        lesson: the exercise.
        level: 1, 2 or 3.

    Raises:
        UsageError: there is no such level.
        CourseError: the exercise has no hints.
    """
    hints = lesson.constant("HINTS", ())
    if not hints:
        raise CourseError(f"{lesson.id} has no hints; please tell the course's author.")
    if not 1 <= level <= len(hints):
        raise UsageError(f"{lesson.name} has hints 1 to {len(hints)}; there is no level {level}.")
    more = (
        f"\nNext level: nox -s hint -- {lesson.name} {level + 1}"
        if level < len(hints)
        else "\nThat was the last hint."
    )
    return f"{lesson.id}, hint {level} of {len(hints)}\n\n{hints[level - 1]}\n{more}"
