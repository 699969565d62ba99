"""What a verdict in a kit is worth: where only open examples were judged, a report says so."""

from __future__ import annotations

from collections.abc import Sequence

from torchkata.course.catalogue import Lesson
from torchkata.i18n.messages import say


def scope(lessons: Sequence[Lesson]) -> tuple[str, ...]:
    """What a learner has to know of the verdicts on these exercises; usually nothing.

    Args:
        lessons: that were judged.
    """
    if not any(lesson.shelf.open_only for lesson in lessons):
        return ()
    judged = sum(bool(lesson.graded.exercise.functions) for lesson in lessons)
    return (
        say(
            "Only open examples were judged here, and {judged} of {count} exercises have some. "
            "Hidden cases, devices, gradients and cost are judged by your instructor's run, and "
            "that grade is binding.",
            judged=judged,
            count=len(lessons),
        ),
    )
