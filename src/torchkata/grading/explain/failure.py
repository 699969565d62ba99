"""A failed check as plain data, which the rules of the known traps inspect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from torchkata.course.source_code import JudgedCode
from torchkata.grading.explain.tree import JudgedTree
from torchkata.worker.meters.trace import Step

ONE_PASS_OPS: Final = ("index_add_", "index_add", "bincount", "scatter_add_", "scatter_add")
"""Ops that send each element to its place in a single pass."""

_VIEWS: Final = {
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
"""Ops too cheap to be named as the op that a loop repeats."""


@dataclass(frozen=True, kw_only=True)
class BadGradient:
    """The operation whose backward pass turns finite gradients into nan or infinity.

    Attributes:
        node: its name in the graph, such as `SqrtBackward0`.
        line: of the submission; 0 if unknown.
        masked: whether the gradient that it receives is 0 there.
        where: the line of the selection that made it 0; 0 if there is none.
    """

    node: str
    line: int
    masked: bool
    where: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What is known about one failed check.

    Attributes:
        axis: of the check.
        entry: the entry point that the check is about; empty if it is the whole exercise.
        reads_files: whether the exercise is about reading files.
        finding: the code of what the check found, such as `low-precision`.
        code: the part of the submission that the check is about.
        tree: the syntax tree of that part.
        source: the whole file.
        exception: the class name of the exception that the submission raised, such as
            `RuntimeError`; empty if it raised none.
        exception_text: the text of that exception, in PyTorch's or Python's own words.
        line: the line that raised it; 0 if unknown.
        facts: of the comparison, such as `got_shape`.
        steps: what the submission did when the last call was repeated.
        reference_steps: what the reference did in the same call.
        host_syncs: op and line of each host synchronization on the twin device.
        bad_gradient: where a gradient becomes nan or infinite; None if it does not.
    """

    axis: str
    entry: str = ""
    reads_files: bool = False
    finding: str = ""
    code: JudgedCode
    tree: JudgedTree = field(default_factory=JudgedTree)
    source: str = ""
    exception: str = ""
    exception_text: str = ""
    line: int = 0
    facts: Mapping[str, object] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    reference_steps: tuple[Step, ...] = ()
    host_syncs: tuple[tuple[str, int], ...] = ()
    bad_gradient: BadGradient | None = None

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """The shapes that the submission and the reference returned, if they were compared."""
        got, expected = self.facts.get("got_shape"), self.facts.get("expected_shape")
        if isinstance(got, tuple) and isinstance(expected, tuple):
            return got, expected
        return None

    def steps_of(self, *ops: str) -> Iterator[Step]:
        """Yield the steps of some ops in the submission's own lines."""
        return (step for step in self.steps if step.op in ops and step.line)

    def extra_steps_of(self, *ops: str) -> Iterator[Step]:
        """Yield the steps of those ops that the reference does not use."""
        return self.steps_of(*(op for op in ops if not self.reference_uses(op)))

    def reference_uses(self, *ops: str) -> bool:
        """Return whether the reference uses one of these ops."""
        return any(step.op in ops for step in self.reference_steps)

    @property
    def nonfinite(self) -> bool:
        """Whether any step returned a nan or an infinity."""
        return any(step.new_nonfinite for step in self.steps)

    def first_nonfinite(self, fault: str) -> Step | None:
        """Return the step that turned finite values into the first `nan` or `inf`.

        Args:
            fault: `nan` or `inf`; None is returned if the first one is the other.
        """
        first = next((step for step in self.steps if step.new_nonfinite), None)
        return first if first is not None and first.new_nonfinite == fault and first.line else None

    def most_repeated(self) -> tuple[int, str, int]:
        """Return line, op and count of the op that one line repeats most often; zeros if none."""
        counts: Counter[tuple[int, str]] = Counter()
        for step in self.steps:
            if step.line and step.op not in _VIEWS:
                counts[step.line, step.op] += step.count
        if not counts:
            return 0, "", 0
        (line, op), count = counts.most_common(1)[0]
        return line, op, count

    def most_repeated_by_reference(self) -> int:
        """Return how often the reference uses its most frequent op."""
        counts: Counter[str] = Counter()
        for step in self.reference_steps:
            counts[step.op] += step.count
        return max(counts.values(), default=0)


def most_frequent_line(steps: Iterable[Step]) -> tuple[int, int]:
    """Return the line that runs these steps most often, and how often; zeros if there are none."""
    counts: Counter[int] = Counter()
    for step in steps:
        counts[step.line] += step.count
    return counts.most_common(1)[0] if counts else (0, 0)
