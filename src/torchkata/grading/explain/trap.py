"""A known trap: how to recognize it, and the sentence that explains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torchkata.grading.explain.failure import Failure
from torchkata.i18n import Message

Details = Mapping[str, object]
"""The values of a trap's sentence, such as the line."""


@dataclass(frozen=True, kw_only=True)
class Trap:
    """A known trap.

    Attributes:
        name: of the trap, for statistics and tests.
        axes: the axes on which it shows.
        match: returns the values of the sentence, or None if the failure has another cause.
        sentence: makes the explanation from these values.
    """

    name: str
    axes: frozenset[str]
    match: Callable[[Failure], Details | None]
    sentence: Callable[..., Message]


def trap(
    name: str, axes: str, sentence: Callable[..., Message]
) -> Callable[[Callable[[Failure], Details | None]], Trap]:
    """Make a trap from the function that recognizes it.

    Args:
        name: of the trap.
        axes: the axes on which it shows, separated by spaces.
        sentence: makes the explanation.
    """
    return lambda match: Trap(
        name=name, axes=frozenset(axes.split()), match=match, sentence=sentence
    )
