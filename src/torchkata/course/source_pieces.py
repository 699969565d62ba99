"""The pieces of a source file that belong to some of its lines: whole definitions, without text."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from torchkata.result.receipt import Source


def pieces(
    source: str, file: str, names: Collection[str], lines: Collection[int]
) -> tuple[Source, ...]:
    """Return the definitions that have one of the names or hold one of the lines.

    Docstrings are left out. Statements outside of definitions are included if they hold a line.

    Args:
        source: the text of a Python file.
        file: its name.
        names: of functions and classes.
        lines: numbers of lines.
    """
    text = source.splitlines()
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return ()
    found: list[Source] = []
    for node in body:
        first, last = _start(node), node.end_lineno or node.lineno
        if getattr(node, "name", None) in names or any(first <= line <= last for line in lines):
            found += _without_text(node, file, text, first, last)
    return tuple(found)


def functions_around(source: str, file: str, lines: Collection[int]) -> tuple[Source, ...]:
    """Return the innermost functions that hold the lines, without docstrings.

    Args:
        source: the text of a Python file.
        file: its name.
        lines: numbers of lines.
    """
    text = source.splitlines()
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a cell with commands of the notebook
        return (Source(file=file, first=1, lines=tuple(text)),)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    chosen = {}
    for line in lines:
        around = [each for each in nodes if _start(each) <= line <= (each.end_lineno or 0)]
        if around:
            inner = max(around, key=_start)
            chosen[_start(inner)] = inner
        else:
            found = (each for each in tree.body if _start(each) <= line <= (each.end_lineno or 0))
            chosen |= {_start(each): each for each in found}  # type: ignore[misc]
    pieces_found: list[Source] = []
    for first, node in sorted(chosen.items()):
        pieces_found += _without_text(node, file, text, first, node.end_lineno or first)
    return tuple(pieces_found)


def _without_text(
    node: ast.stmt, file: str, text: list[str], first: int, last: int
) -> Iterator[Source]:
    """Yield the lines of a definition before and after each docstring in it."""
    begin = first
    for inner in ast.walk(node):
        body = getattr(inner, "body", None)
        is_definition = isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not is_definition or not body or ast.get_docstring(inner) is None:  # type: ignore[arg-type]
            continue
        if begin <= body[0].lineno - 1:
            yield Source(file=file, first=begin, lines=tuple(text[begin - 1 : body[0].lineno - 1]))
        begin = (body[0].end_lineno or body[0].lineno) + 1
    if begin <= last:
        yield Source(file=file, first=begin, lines=tuple(text[begin - 1 : last]))


def _start(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    lines: list[int] = [node.lineno, *(each.lineno for each in decorators)]
    return min(lines)
