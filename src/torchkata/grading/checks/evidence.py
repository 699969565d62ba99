"""What is left of a failed check: enough to put its last question again, and to explain it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torchkata.errors import SubmissionError


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question that was put to the submission.

    Attributes:
        probe: what was run in the worker.
        arguments: makes its arguments, the same ones again.
        device: where its tensors lay.
    """

    probe: Callable[..., object]
    arguments: Callable[[], tuple[Any, ...]]
    device: str = "cpu"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of a failed check besides its message.

    Attributes:
        facts: plain data by name, such as `got_shape`; see `Difference.facts`.
        error: what the submission raised, if that is why it failed.
        question: the last one before it failed.
    """

    facts: Mapping[str, object] = field(default_factory=dict)
    error: SubmissionError | None = None
    question: Question | None = None
