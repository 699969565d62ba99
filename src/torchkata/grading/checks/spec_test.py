"""A test that a spec class brings along: claims about an entry point, judged like custom tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torchkata.errors import CheckFailed
from torchkata.grading.checks.custom_tests import Arguments, arguments_for, outcome_of
from torchkata.grading.outcome import Outcome, from_claim
from torchkata.grading.session import Session
from torchkata.i18n import EMPTY, Message
from torchkata.result import CPU


@dataclass(frozen=True, kw_only=True)
class SpecTest:
    """A test of an entry point.

    Attributes:
        axis: the axis that it judges.
        what: the rest of its id; it may be a case's name.
        entry: the name of the entry point.
        description: what it claims, in a sentence.
        claims: makes the claims.
        case: the label of the case that it judges, if it judges one.
        per_device: whether it runs once per device besides the CPU.
    """

    axis: str
    what: str
    entry: str
    description: Message
    claims: Callable[[Arguments], None]
    case: Message = EMPTY
    per_device: bool = False

    def judge(self, session: Session, *, device: str = CPU) -> Outcome:
        """Return the outcome of its claims."""
        arguments = arguments_for(session, f"{self.entry}: {self.axis} {self.what}", device)
        try:
            return outcome_of(lambda: self.claims(arguments), self.description)
        except CheckFailed as claim:
            return from_claim(claim)
