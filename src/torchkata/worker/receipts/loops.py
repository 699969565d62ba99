"""Count the turns of Python loops: `for`, `while` and comprehensions."""

from __future__ import annotations

import ast
import dis
import linecache
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import CodeType, FrameType
from typing import Any, Final, Self

from torchkata.result.receipt import Loop
from torchkata.worker.receipts.places import Follows, Place, place_of

_INLINED: Final = (ast.ListComp, ast.SetComp, ast.DictComp) if sys.version_info >= (3, 12) else ()
_NAMES: Final = {
    ast.ListComp: "<listcomp>",
    ast.SetComp: "<setcomp>",
    ast.DictComp: "<dictcomp>",
    ast.GeneratorExp: "<genexpr>",
    ast.Lambda: "<lambda>",
}
_MOST_STEPS: Final = 2_000_000
"""Instructions that are looked at; a call with more has long been slow for this reason."""


@dataclass(frozen=True)
class _Head:
    """A loop in the source.

    Attributes:
        line: of its head.
        first, last: the lines of its body.
        start: the node whose evaluation begins a turn.
    """

    line: int
    first: int
    last: int
    start: ast.AST


class TurnCounter:
    """Counts the turns of loops in followed code while it is on, in the thread that entered it.

    Args:
        follows: tells which code is followed.
        on_line: called with the line that ran last, before another line of the code runs.
    """

    def __init__(self, follows: Follows, on_line: Callable[[Place], None]) -> None:
        self._follows = follows
        self._on_line = on_line
        self._place: Place | None = None
        self._turns: Counter[tuple[str, _Head]] = Counter()
        self._runs: Counter[Place] = Counter()
        self._steps = 0
        self._before: Any = None

    def __enter__(self) -> Self:
        self._before = sys.gettrace()
        sys.settrace(self._called)
        return self

    def __exit__(self, *_exc: object) -> None:
        sys.settrace(self._before)

    @property
    def complete(self) -> bool:
        """Whether all turns were counted."""
        return self._steps < _MOST_STEPS

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The loops that ran, with their turns; empty if not all were counted."""
        if not self.complete:
            return ()
        found = [
            Loop(file=file, line=head.line, first=head.first, last=head.last, turns=turns)
            for (file, head), turns in self._turns.items()
        ]
        return tuple(sorted(found, key=lambda loop: (loop.file, loop.line, loop.first)))

    def runs(self, place: Place) -> int:
        """Return how often a line began."""
        return self._runs[place]

    def _called(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        if not self._follows(frame.f_code.co_filename):
            return None
        self._moved_to(place_of(frame, self._follows))
        starts = turn_starts(frame.f_code)
        frame.f_trace_opcodes = bool(starts) and self.complete

        def traced(frame: FrameType, event: str, _arg: Any) -> Any:
            if event == "opcode":
                self._steps += 1
                for head in starts.get(frame.f_lasti, ()):
                    self._turns[frame.f_code.co_filename, head] += 1
                if not self.complete:
                    frame.f_trace_opcodes = False
            elif event == "line":
                place = (frame.f_code.co_filename, frame.f_lineno)
                self._runs[place] += 1
                self._moved_to(place)
            elif event == "return":
                self._moved_to(place_of(frame.f_back, self._follows))
            return traced

        return traced

    def _moved_to(self, place: Place) -> None:
        if self._place is not None:
            self._on_line(self._place)
        self._place = place


@cache
def turn_starts(code: CodeType) -> dict[int, list[_Head]]:
    """Return the instructions of a code object that begin a turn of a loop, by their offset."""
    heads = _heads_in(code.co_filename).get((code.co_name, code.co_firstlineno), [])
    starts: dict[int, list[_Head]] = {}
    for head in heads:
        offset = _first_offset(code, head.start)
        if offset is not None:
            starts.setdefault(offset, []).append(head)
    return starts


def _first_offset(code: CodeType, node: Any) -> int | None:
    """Return the offset of the first instruction that belongs to a node of the source."""
    begin = (node.lineno, node.col_offset)
    end = (node.end_lineno, node.end_col_offset)
    for instruction in dis.get_instructions(code):
        where = instruction.positions
        if where is None or where.lineno is None or where.end_lineno is None:
            continue
        start = (where.lineno, where.col_offset or 0)
        if begin <= start and (where.end_lineno, where.end_col_offset or 0) <= end:
            return instruction.offset
    return None


def _heads_in(file: str) -> dict[tuple[str, int], list[_Head]]:
    """Return the loops of a file by the name and the first line of the code that runs them."""
    return _heads_of("".join(linecache.getlines(file)))


@cache
def _heads_of(text: str) -> dict[tuple[str, int], list[_Head]]:
    heads: dict[tuple[str, int], list[_Head]] = {}
    try:
        tree = ast.parse(text)
    except SyntaxError:  # a cell with commands of the notebook
        return heads
    for scope, head in _walk(tree, ("<module>", 1)):
        heads.setdefault(scope, []).append(head)
    return heads


def _walk(node: ast.AST, scope: tuple[str, int]) -> Iterator[tuple[tuple[str, int], _Head]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        scope = (node.name, first)
    elif type(node) in _NAMES and not isinstance(node, _INLINED):
        scope = (_NAMES[type(node)], node.lineno)  # type: ignore[attr-defined]
    if isinstance(node, ast.For | ast.AsyncFor | ast.While):
        body = node.body
        last = max(each.end_lineno or each.lineno for each in body)
        yield scope, _Head(node.lineno, body[0].lineno, last, body[0])
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        first = min(each.lineno for each in results)
        last = max(each.end_lineno or each.lineno for each in results)
        inner: ast.AST = results[0]
        for generator in reversed(node.generators):
            start = generator.ifs[0] if generator.ifs else inner
            yield scope, _Head(node.lineno, first, last, start)
            inner = generator.iter
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, scope)
