"""What a verdict in a kit is worth: where only open examples were judged, a report says so."""

from __future__ import annotations

from collections.abc import Sequence

from torchkata.course.catalogue import Exercise
from torchkata.i18n import _


def scope(exercises: Sequence[Exercise]) -> tuple[str, ...]:
    """What a learner has to know of the verdicts on these exercises; usually nothing.

    Args:
        lessons: that were judged.
    """
    if not any(exercise.files.open_only for exercise in exercises):
        return ()
    judged = sum(bool(exercise.grader.spec.functions) for exercise in exercises)
    return (
        _(
            "Only open examples were judged here, and {judged} of {count} exercises have some. "
            "Hidden cases, devices, gradients and cost are judged by your instructor's run, and "
            "that grade is binding.",
            judged=judged,
            count=len(exercises),
        ),
    )
