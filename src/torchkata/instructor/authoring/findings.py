"""What the gate finds in an exercise: problems, warnings, and notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal[
    "raising trap",
    "empty test",
    "loose budget",
    "unknown forbidden",
    "close memory trap",
    "unnamed rule",
    "idle baseline",
]
REFUSED: Final[dict[Kind, bool]] = {
    "raising trap": False,
    "empty test": False,
    "loose budget": False,
    "unknown forbidden": True,
    "close memory trap": False,
    "unnamed rule": True,
    "idle baseline": False,  # one that no budget but `HostSyncs` judges
}
"""Which kinds of weak graders the gate refuses; of the others it only warns."""


@dataclass(frozen=True)
class Weakness:
    """A weakness of a grader: a problem if the gate refuses its kind, else a warning.

    Attributes:
        kind: one of the keys of `REFUSED`.
        text: what is weak, and what to do.
    """

    kind: Kind
    text: str


@dataclass
class Findings:
    """What the gate found in an exercise.

    Attributes:
        problems: what makes it unsound.
        warnings: weaknesses that do not.
        notes: counts, for authors to read.
    """

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, found: Iterable[str | Weakness]) -> None:
        """Add each finding as soon as it is known, so that an error keeps those before it."""
        for finding in found:
            if isinstance(finding, str):
                self.problems.append(finding)
            elif REFUSED[finding.kind]:
                self.problems.append(finding.text)
            else:
                self.warnings.append(finding.text)
