"""The syntax tree of the judged part of a submission, and questions that rules ask about it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

_LOOPS: Final = (
    ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class JudgedTree:
    """The syntax tree of a file, limited to the lines under judgment.

    Args:
        text: the file's content; the tree is empty if it is not valid Python.
        numbers: the lines under judgment.
    """

    def __init__(self, text: str = "", numbers: Iterable[int] = ()) -> None:
        try:
            self.whole = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.whole = ast.parse("")
        self._numbers = set(numbers)
        self.nodes = sorted(
            (node for node in ast.walk(self.whole) if getattr(node, "lineno", 0) in self._numbers),
            key=lambda node: (line_of(node), getattr(node, "col_offset", 0)),
        )

    def calls(self, *names: str) -> Iterator[ast.Call]:
        """Yield the calls of functions or methods with one of these last names."""
        return (
            node
            for node in self.nodes
            if isinstance(node, ast.Call) and last_name(node.func) in names
        )

    def parameters(self) -> set[str]:
        """Return the names of all parameters of the judged functions."""
        return {
            argument.arg
            for node in self.nodes
            if isinstance(node, _FUNCTIONS)
            for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        }

    def has_loop(self, line: int) -> bool:
        """Return whether a line may run repeatedly: it is in a loop, or a loop may call it."""
        loops = [node for node in self.nodes if isinstance(node, _LOOPS)]
        if any(line in lines_of(loop) for loop in loops):
            return True
        around = [
            node.name
            for node in self.nodes
            if isinstance(node, ast.FunctionDef) and line in lines_of(node)
        ]
        called = {last_name(part.func) for loop in loops for part in ast.walk(loop)
                  if isinstance(part, ast.Call)}  # fmt: skip
        return any(name in called for name in around)

    def defined_names(self) -> set[str]:
        """Return every name that the file binds anywhere."""
        found: set[str] = set()
        for node in ast.walk(self.whole):
            match node:
                case ast.Name(id=name, ctx=ast.Store()):
                    found.add(name)
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                    found.add(name)
                case ast.alias(name=name, asname=other):
                    found.add(other or name.partition(".")[0])
        return found

    def blocks(self) -> Iterator[list[ast.stmt]]:
        """Yield the bodies of functions, loops and branches under judgment."""
        for node in self.nodes:
            for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
                if isinstance(body, list):
                    yield body


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name: `zeros` of `torch.zeros`; empty for others."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def first_name(node: ast.expr) -> str:
    """Return the first part of a dotted name: `torch` of `torch.linalg.norm`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def keywords(call: ast.Call) -> set[str]:
    """Return the names of the keyword arguments of a call; `**` counts as every name."""
    return {keyword.arg or "**" for keyword in call.keywords}


def line_of(node: ast.AST) -> int:
    """Return the line of a node; of a method call, the line of the method's name."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.end_lineno or node.lineno
    return int(getattr(node, "lineno", 0))


def lines_of(node: ast.AST) -> range:
    """Return the lines of a node."""
    first = int(getattr(node, "lineno", 0))
    return range(first, int(getattr(node, "end_lineno", first)) + 1)


def in_order(statements: list[ast.stmt], *wanted: tuple[str, ...]) -> list[int]:
    """Return the lines of statements that contain these names, if they follow one another.

    Args:
        statements: a block.
        wanted: for each statement, names of which it contains one.

    Returns:
        One line for each; empty if the block has no such statements in this order.
    """
    lines = []
    for names in wanted:
        found = [
            statement.lineno
            for statement in statements
            if any(
                last_name(node) in names
                for node in ast.walk(statement)
                if isinstance(node, ast.Attribute | ast.Name)
            )
        ]
        if not found:
            return []
        lines.append(found[0])
    return lines if all(first < second for first, second in pairwise(lines)) else []
