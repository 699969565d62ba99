"""Everything that the engine reads in Python source without running it.

A learner's file may be anything: functions that read one accept text that is not valid Python.
Stubs and solutions are the course's own, so they may be parsed.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

_BLOCK_HEAD: Final = re.compile(r"(?:async\s+)?(?:def|class)\s+(\w+)|(\w+)\s*(?::[^=]+)?=(?!=)")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_DOCSTRING: Final = re.compile(r'\A\s*[rR]?"""(.*?)"""', re.DOTALL)
_MOST_COLUMNS: Final = 400  # of a line are read
_MOST_LINES: Final = 5000
_MOST_EXCERPT_LINES: Final = 60
_SENTENCE_END: Final = re.compile(r"(?<=[.!?]) (?=[A-Z`])")
_QUALITY: Final = re.compile(r"(Correct|Fast|Small)(?: and small)?: ")
_NOT_CODE: Final = ("HINTS", "TRAPS", "WHY", "ALTERNATIVES")


# Any text, such as a learner's file


def definition_line(source: bytes, names: Iterable[str]) -> int:
    """Return the line that defines the first of `names` that is defined; 1 if none is.

    Args:
        source: the file; it need not be valid.
        names: functions, classes or variables.
    """
    lines = source.decode("utf-8", "replace").splitlines()
    for name in names:
        head = re.compile(
            rf"(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b|{re.escape(name)}\s*="
        )
        for number, line in enumerate(lines, start=1):
            if head.match(line):
                return number
    return 1


def statement(source: str) -> str:
    """Return the text at the top of a stub; empty if it was deleted."""
    found = _DOCSTRING.match(source)
    return inspect.cleandoc(found[1]) if found else ""


class JudgedCode:
    """The lines of a file that belong to the top-level functions and classes under judgment.

    Args:
        text: the file's content.
        names: functions and classes to start with; what they name is included too.
        lines: further lines that run; the functions around them are included.
    """

    def __init__(self, text: str, names: Iterable[str] = (), lines: Iterable[int] = ()) -> None:
        self._lines = list(_bare(text.splitlines()[:_MOST_LINES]))
        self._blocks = dict(_blocks(self._lines))
        self.numbers = sorted(self._reached([*names, *self._around(lines)]))

    def find(self, pattern: str) -> int:
        """Return the first judged line that matches a pattern; 0 if there is none."""
        return next(self.all(pattern), 0)

    def all(self, pattern: str) -> Iterator[int]:
        """Yield all judged lines that match a pattern."""
        wanted = re.compile(pattern)
        return (number for number in self.numbers if wanted.search(self._lines[number - 1]))

    def line(self, number: int) -> str:
        """Return a line without its comment; empty if there is no such line."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def _around(self, lines: Iterable[int]) -> list[str]:
        return [name for name, span in self._blocks.items() if any(at in span for at in lines)]

    def _reached(self, names: list[str]) -> set[int]:
        """Return the lines of these blocks and of all blocks that they name."""
        seen: set[str] = set()
        while names:
            name = names.pop()
            if name in seen or name not in self._blocks:
                continue
            seen.add(name)
            words = {
                word
                for number in self._blocks[name]
                for word in re.findall(r"(?<![.\w])\w+", self._lines[number - 1])
            }
            names += sorted(words & self._blocks.keys())
        return {number for name in seen for number in self._blocks[name]}


def _bare(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines without comments and without multi-line strings."""
    inside = ""
    for line in lines:
        shown = line[:_MOST_COLUMNS].rstrip()
        if inside:
            yield ""
            inside = "" if inside in shown else inside
            continue
        marks = [mark for mark in ('"""', "'''") if shown.count(mark) % 2]
        if marks or '"""' in shown or "'''" in shown:
            inside = marks[0] if marks else ""
            yield ""
            continue
        yield _COMMENT.sub("", shown)


def _blocks(lines: list[str]) -> Iterator[tuple[str, range]]:
    """Yield name and line numbers of each top-level function, class and variable."""
    name, start = "", 0
    for number, line in enumerate([*lines, "end"], start=1):
        if not line or line[0] in " \t)]}@":
            continue
        if name:
            yield name, range(start, number)
        head = _BLOCK_HEAD.match(line)
        name, start = (head[1] or head[2], number) if head else ("", 0)


# Parsed source


def excerpt(source: str, names: Iterable[str]) -> str:
    """Return the definitions of `names` and of everything they use in the same file.

    Args:
        source: Python code; the excerpt is empty if it is not valid.
        names: functions, classes or variables.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    defined = {name: node for node in tree.body for name in _defines(node)}
    for name in _NOT_CODE:
        defined.pop(name, None)
    found: set[ast.stmt] = set()
    fresh = [defined[name] for name in names if name in defined]
    while fresh:
        node = fresh.pop()
        found.add(node)
        used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        fresh += [defined[name] for name in used & set(defined) if defined[name] not in found]
    lines = source.splitlines()
    blocks = [lines[_start(node) - 1 : node.end_lineno] for node in tree.body if node in found]
    shown = [line for block in blocks for line in ["", *block]][1:]
    if len(shown) > _MOST_EXCERPT_LINES:
        shown = [*shown[:_MOST_EXCERPT_LINES], "..."]
    return "\n".join(shown)


def reason_to_win(solution: str) -> tuple[str, str]:
    """Return what the reference is (`Correct`, `Fast`, `Small` or nothing) and a sentence on why.

    The sentence is the first one after the title of the solution's docstring.
    """
    text = ast.get_docstring(ast.parse(solution)) or ""
    title, *others = [" ".join(part.split()) for part in text.split("\n\n")]
    sentence = (others[0] if others else title).removeprefix("Reference: ")
    sentence = _SENTENCE_END.split(sentence, maxsplit=1)[0]
    quality = ""
    if claim := _QUALITY.match(sentence):
        quality, sentence = claim[1], sentence[claim.end() :]
    is_variable = re.match(r"[b-z] ", sentence)  # such as k in "k fused multiply-adds"
    return quality, sentence if is_variable else sentence[:1].upper() + sentence[1:]


def headers(source: str, names: tuple[str, ...]) -> list[str]:
    """Return the headers of the functions and classes `names`; none if the source is not valid."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    found: list[str] = []
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) if name in names:
                found.append(_header(node, source))
            case ast.ClassDef(name=name, body=body) if name in names:
                methods = [_header(n, source) for n in body if isinstance(n, ast.FunctionDef)]
                bases = ", ".join(map(ast.unparse, node.bases))
                first = f"class {name}({bases}):" if bases else f"class {name}:"
                found.append("\n    ".join([first, *methods]))
            case ast.AnnAssign(target=ast.Name(id=name)) if name in names:
                found.append(f"{name}: {ast.unparse(node.annotation)}")
    return found


def _header(node: ast.FunctionDef, source: str) -> str:
    """Return a function's header without the colon and without comments."""
    lines = source.splitlines()[node.lineno - 1 : node.body[0].lineno - 1]
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#")).strip()
    return text.removesuffix(":") if text else source.splitlines()[node.lineno - 1].strip()


def signatures(source: str) -> dict[str, str]:
    """Return the top-level names of a file with their parameters (of classes: of each method)."""
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        match node:
            case ast.FunctionDef(name=name, args=arguments):
                found[name] = _parameters(arguments)
            case ast.ClassDef(name=name, body=body):
                found[name] = "; ".join(
                    f"{method.name}({_parameters(method.args)})"
                    for method in body
                    if isinstance(method, ast.FunctionDef)
                    and (method.name == "__init__" or not method.name.startswith("_"))
                )
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = ""
    return found


def _parameters(arguments: ast.arguments) -> str:
    """Return parameters and defaults without annotations."""
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        argument.annotation = None
    return ast.unparse(arguments)


def literal(source: bytes, name: str, default: Any) -> Any:
    """Return the literal that a module assigns to `name`, or `default` if it assigns none.

    Raises:
        ValueError: what it assigns is no literal.
    """
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in node.targets
        ):
            return ast.literal_eval(node.value)
    return default


def code_without_text(source: str) -> str:
    """Return a solution without hints, docstrings, comments and spaces, to search quotes in."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
    return "".join(ast.unparse(tree).split())


def _is_text(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id == "HINTS"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _defines(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (
            part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)
        )


def _start(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])
