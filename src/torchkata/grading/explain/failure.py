"""A failed check as plain data: what the rows of the table of known traps look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from torchkata.grading.explain.code import Code
from torchkata.worker.meters.trace import Step

Found = Mapping[str, object]
"""What a sentence names: the line, how often, which op."""


_TRIFLES = {
    "alias",
    "detach",
    "expand",
    "permute",
    "squeeze",
    "t",
    "transpose",
    "unsqueeze",
    "view",
}
"""Ops that no loop is named after."""


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """What is known of one failed check.

    Attributes:
        axis: of the check.
        code: the learner's code under judgement.
        entry: the entry point that is judged; empty for a test of its own.
        kind: class of the exception that came, such as `RuntimeError`; empty without one.
        text: its text.
        line: the line that raised it; 0 where that is not known.
        facts: of the comparison, such as `got_shape`.
        steps: what the submission did when the question was put once more.
        theirs: what the reference did.
        reads: (op, line) of each host synchronisation, on the twin device.
    """

    axis: str
    code: Code
    entry: str = ""
    kind: str = ""
    text: str = ""
    line: int = 0
    facts: Mapping[str, object] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    theirs: tuple[Step, ...] = ()
    reads: tuple[tuple[str, int], ...] = ()

    def shape(self, whose: str) -> tuple[int, ...] | None:
        """The shape that was `got` or `expected`, where a comparison has found it."""
        found = self.facts.get(f"{whose}_shape")
        return found if isinstance(found, tuple) else None

    def doing(self, *ops: str) -> Iterator[Step]:
        """The steps that are one of these ops, in the learner's own lines."""
        return (step for step in self.steps if step.op in ops and step.line)

    def only_mine(self, *ops: str) -> Iterator[Step]:
        """Those of ops that the reference does without."""
        known = {step.op for step in self.theirs}
        return self.doing(*(op for op in ops if op not in known))

    def begins(self, fault: str) -> Step | None:
        """The step in which the first `nan` or `inf` of the run arose from sound numbers."""
        first = next((step for step in self.steps if step.first), None)
        return first if first is not None and first.first == fault and first.line else None

    def busiest(self) -> tuple[int, str, int]:
        """Line, op and count of what came most often in one line; zeros for nothing."""
        counts: Counter[tuple[int, str]] = Counter()
        for step in self.steps:
            if step.line and step.op not in _TRIFLES:
                counts[step.line, step.op] += step.count
        if not counts:
            return 0, "", 0
        (line, op), count = counts.most_common(1)[0]
        return line, op, count

    def busiest_theirs(self) -> int:
        """How often the reference's most frequent op came."""
        counts: Counter[str] = Counter()
        for step in self.theirs:
            counts[step.op] += step.count
        return max(counts.values(), default=0)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A known trap.

    Attributes:
        name: of the trap, for tests and readers of the code.
        axes: on which it shows.
        when: what the sentence names, or None where it is not this trap.
        sentence: the teaching, made from what `when` has found.
    """

    name: str
    axes: frozenset[str]
    when: Callable[[Symptom], Found | None]
    sentence: Callable[..., str]


def row(
    name: str, axes: str, sentence: Callable[..., str]
) -> Callable[[Callable[[Symptom], Found | None]], Row]:
    """Make a row of a predicate: `axes` are named with blanks between them."""
    return lambda when: Row(name=name, axes=frozenset(axes.split()), when=when, sentence=sentence)
