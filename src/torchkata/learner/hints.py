"""Hints, one level at a time: a direction, an idea, the call."""

from __future__ import annotations

from typing import Final

from torchkata.course.exercise import Exercise
from torchkata.course.source_code import statement
from torchkata.errors import CourseError, UsageError
from torchkata.i18n import Message, _
from torchkata.learner.progress import Progress

LEVELS: Final = 3


def next_hint(exercise: Exercise, progress: Progress, level: int | None = None) -> list[Message]:
    """Return a hint in paragraphs, and record that it was shown.

    Args:
        exercise: the exercise.
        progress: knows which hints were shown before.
        level: 1, 2 or 3; by default one more than the highest level shown, up to the last. A
            hint that is in the statement counts as shown.

    Raises:
        UsageError: there is no such level.
        CourseError: the exercise has no hints.
    """
    hints = all_hints(exercise)
    shown = progress.exercise(exercise.id).hint_level
    known = max(shown, int(_is_in_statement(exercise, hints[0])))
    wanted = min(known + 1, len(hints)) if level is None else level
    if not 1 <= wanted <= len(hints):
        raise UsageError(
            _(
                "{exercise} has hints 1 to {count}; there is no level {level}.",
                exercise=exercise.name,
                count=len(hints),
                level=wanted,
            )
        )
    progress.record_hint(exercise.id, wanted)
    paragraphs = [
        _(
            "{exercise}, hint {level} of {count}",
            exercise=exercise.id,
            level=wanted,
            count=len(hints),
        ),
        hints[wanted - 1],
    ]
    if wanted < len(hints):
        paragraphs.append(
            _(
                "Next hint: `nox -s hint -- {exercise} {level}`",
                exercise=exercise.name,
                level=wanted + 1,
            )
        )
    elif level is None and shown == wanted:
        paragraphs.append(_("You have seen all hints. This is the last one again."))
    else:
        paragraphs.append(_("That was the last hint."))
    if level is None and 0 < shown < wanted:
        paragraphs.append(
            _(
                "This is one level more than last time. To see hint {level} again, run "
                "`nox -s hint -- {exercise} {level}`.",
                exercise=exercise.name,
                level=shown,
            )
        )
    return paragraphs


def _is_in_statement(exercise: Exercise, hint: Message) -> bool:
    """Return whether the learner has a hint before their eyes, in the stub."""
    try:
        source = exercise.stub_path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return " ".join(str(hint).split()) in " ".join(statement(source).split())


def all_hints(exercise: Exercise) -> list[Message]:
    """Return the hints of an exercise, each to be shown by the exercise's translator.

    Raises:
        CourseError: the exercise has no hints.
    """
    hints = exercise.solution_literal("HINTS", ())
    if not hints:
        raise CourseError(
            _("{exercise} has no hints. Please tell the course's author.", exercise=exercise.id)
        )
    return [Message(text) for text in hints]
