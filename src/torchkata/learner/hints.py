"""Hints, one level at a time: a direction, an idea, the call."""

from __future__ import annotations

from torchkata.course.catalogue import Exercise
from torchkata.course.translations import told, turn_to
from torchkata.errors import CourseError, UsageError
from torchkata.i18n import _
from torchkata.learner.progress import Progress

LEVELS = 3


def next_hint(exercise: Exercise, progress: Progress, level: int | None = None) -> str:
    """Return a hint, and note that it was shown.

    Args:
        lesson: the exercise.
        progress: knows which hints were shown before.
        level: 1, 2 or 3; None for one more than the highest that was shown, up to the last.

    Raises:
        UsageError: there is no such level.
        CourseError: the exercise has no hints.
    """
    seen = progress.hint_level(exercise.id)
    last = len(exercise.solution_literal("HINTS", ()))
    wanted = min(seen + 1, max(last, 1)) if level is None else level
    parts = [hint(exercise, wanted)]
    if level is None and wanted <= seen:
        parts.append(_("You have seen all hints; this is the last one again."))
    elif level is None and seen:
        parts.append(
            _(
                "One level more than last time; {command} shows hint {level} again.",
                command=f"`nox -s hint -- {exercise.name} {seen}`",
                level=seen,
            )
        )
    progress.note_hint(exercise.id, wanted)
    return "\n".join([*parts, *progress.notes])


def hint(exercise: Exercise, level: int) -> str:
    """Return one hint of an exercise.

    Args:
        lesson: the exercise.
        level: 1, 2 or 3.

    Raises:
        UsageError: there is no such level.
        CourseError: the exercise has no hints.
    """
    hints = exercise.solution_literal("HINTS", ())
    if not hints:
        raise CourseError(f"{exercise.id} has no hints; please tell the course's author.")
    if not 1 <= level <= len(hints):
        raise UsageError(
            _(
                "{exercise} has hints 1 to {count}; there is no level {level}.",
                exercise=exercise.name,
                count=len(hints),
                level=level,
            )
        )
    turn_to(exercise.course, exercise.chapter, exercise.stem)
    head = _(
        "{exercise}, hint {level} of {count}", exercise=exercise.id, level=level, count=len(hints)
    )
    more = _(
        "Next level: {command}" if level < len(hints) else "That was the last hint.",
        command=f"nox -s hint -- {exercise.name} {level + 1}",
    )
    return f"{head}\n\n{told(hints[level - 1])}\n\n{more}"
