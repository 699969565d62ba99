"""A receipt: what a call costs, line by line, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Self

from torchkata.i18n import ENGLISH_TRANSLATOR, Message, Translator

FORWARD: Final = ("ops", "allocated_bytes", "copied_bytes", "synchronizations")
BACKWARD: Final = ("kept_bytes", "backward_ops", "backward_bytes")
COLUMNS: Final = (*FORWARD, *BACKWARD)
"""The costs that add up: their names in `Costs`, in the order of the columns."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a line, or a whole call, costs.

    Attributes:
        ops: dispatched ops, views included.
        allocated_bytes: memory that they allocated.
        copied_bytes: bytes that ops wrote which only move data, such as `clone` and `cat`.
        synchronizations: how often the CPU waits for the device, on a GPU.
        kept_bytes: memory that the line allocated for, or that autograd saved in it, until the
            backward pass; each piece counts once, in the line that saved it first.
        backward_ops: ops of the backward pass that the line caused.
        backward_bytes: memory that these allocated.
    """

    ops: int = 0
    allocated_bytes: int = 0
    copied_bytes: int = 0
    synchronizations: int = 0
    kept_bytes: int = 0
    backward_ops: int = 0
    backward_bytes: int = 0

    def __add__(self, other: Costs) -> Costs:
        return Costs(**{name: getattr(self, name) + getattr(other, name) for name in COLUMNS})

    @classmethod
    def total(cls, costs: Iterable[Costs]) -> Costs:
        """Return the sum of costs."""
        return sum(costs, cls())


@dataclass(frozen=True, kw_only=True)
class LineCosts:
    """The costs of one line.

    Attributes:
        file: the file's name; empty for costs outside of the code that is followed.
        line: the line's number; 0 if it is not known.
        costs: what it costs in all its turns.
        ops_by_name: how often it dispatched each op of the forward pass, views included.
    """

    file: str
    line: int
    costs: Costs
    ops_by_name: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A Python loop that ran.

    Attributes:
        file: the file's name.
        line: the line of its head.
        first, last: the lines of its body.
        turns: how often the body ran, in all runs of the loop together.
    """

    file: str
    line: int
    first: int
    last: int
    turns: int


@dataclass(frozen=True, kw_only=True)
class Source:
    """A piece of source code that a receipt shows.

    Attributes:
        file: the file's name.
        first: the number of its first line.
        lines: its lines, without line ends.
    """

    file: str
    first: int
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What one call costs, line by line.

    Attributes:
        lines: the lines with costs, in the order of files and lines.
        loops: the loops that ran.
        sources: the code to show.
        peak_bytes: the most memory that was alive at once, without the inputs.
        missing: why a cost was not measured, by its name in `Costs`.
    """

    lines: tuple[LineCosts, ...]
    loops: tuple[Loop, ...] = ()
    sources: tuple[Source, ...] = ()
    peak_bytes: int = 0
    missing: Mapping[str, Message] = field(default_factory=dict)

    @property
    def total(self) -> Costs:
        """The sum of all lines."""
        return Costs.total(line.costs for line in self.lines)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the costs that were measured."""
        return tuple(name for name in COLUMNS if name not in self.missing)

    def at(self, file: str, line: int) -> LineCosts:
        """Return the costs of a line."""
        found = (each for each in self.lines if (each.file, each.line) == (file, line))
        return next(found, LineCosts(file=file, line=line, costs=Costs()))

    def loop_around(self, file: str, line: int) -> Loop | None:
        """Return the innermost loop whose body holds a line."""
        around = [
            loop for loop in self.loops if loop.file == file and loop.first <= line <= loop.last
        ]
        return min(around, key=lambda loop: (loop.last - loop.first, -loop.line), default=None)

    def turns(self, file: str, line: int) -> int | None:
        """Return how often the body that holds a line ran; None outside of loops."""
        loop = self.loop_around(file, line)
        return None if loop is None else loop.turns

    def with_sources(self, *sources: Source) -> Self:
        """Return the same receipt with the code to show."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return type(self)(**{**values, "sources": sources})

    def as_json(self, translate: Translator = ENGLISH_TRANSLATOR) -> dict[str, Any]:
        """Return the receipt as JSON-ready data; costs that were not measured are null."""

        def known(costs: Costs) -> dict[str, int | None]:
            measured = set(self.columns)
            return {n: v if n in measured else None for n, v in asdict(costs).items()}

        return {
            "total": {**known(self.total), "peak_bytes": self.peak_bytes},
            "lines": [
                {
                    "file": each.file,
                    "line": each.line,
                    "turns": self.turns(each.file, each.line),
                    **known(each.costs),
                    "ops_by_name": dict(Counter(each.ops_by_name).most_common()),
                }
                for each in self.lines
            ],
            "loops": [asdict(loop) for loop in self.loops],
            "missing": {name: translate(reason) for name, reason in self.missing.items()},
        }
