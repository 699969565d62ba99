"""The reference of a solution: what its entry points need, without samples and hints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

TEXTS: Final = ("HINTS", "TRAPS", "ALTERNATIVES", "EQUIVALENT")
"""What a solution defines for learners and authors, and no code needs."""

_COMMENT: Final = re.compile(r"(^|\s+)#\s.*$")
_OPAQUE: Final = (cst.Annotation, cst.Raise, cst.Import, cst.ImportFrom, cst.Assert)
"""Code whose change no caller notices, or that says what an error says."""


@dataclass(frozen=True, eq=False)
class Site:
    """A node of the reference, and where it stands.

    Attributes:
        node: the node.
        above: the nodes that contain it, the outermost first.
    """

    node: cst.CSTNode
    above: tuple[cst.CSTNode, ...]

    @property
    def parent(self) -> cst.CSTNode | None:
        """The node that contains this one."""
        return self.above[-1] if self.above else None

    @property
    def function(self) -> cst.FunctionDef | None:
        """The innermost function around this node."""
        inner = (node for node in reversed(self.above) if isinstance(node, cst.FunctionDef))
        return next(inner, None)

    @property
    def scope(self) -> str:
        """The functions and classes around this node, such as `Net.forward`."""
        around = [*self.above, self.node]
        defined = [n.name.value for n in around if isinstance(n, cst.FunctionDef | cst.ClassDef)]
        return ".".join(defined) or "the module"


@dataclass(frozen=True, eq=False)
class Reference:
    """The statements of a solution that its entry points need.

    Attributes:
        module: these statements; the nodes are those of the whole solution.
        names: the entry points that are defined here.
        lines: the line of each node in the solution's file.
    """

    module: cst.Module
    names: tuple[str, ...]
    lines: dict[cst.CSTNode, int]

    def sites(self) -> Iterator[Site]:
        """Yield every node that may be changed."""
        for statement in self.module.body:
            if not _is_docstring(statement):
                yield from walk(statement)

    def line(self, node: cst.CSTNode) -> int:
        """Return the line of a node in the solution's file; 0 if it is unknown."""
        return self.lines.get(node, 0)


def read_reference(source: str, names: Sequence[str]) -> Reference:
    """Cut the reference out of a solution.

    Args:
        source: the solution's file.
        names: the entry points.

    Raises:
        SyntaxError: the file is no Python.
    """
    needed = _needed(ast.parse(source), names)
    module = cst.parse_module(source)
    positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    kept = [node for node, keep in zip(module.body, needed, strict=True) if keep]
    return Reference(
        module=module.with_changes(body=kept, header=(), footer=()),
        names=tuple(names),
        lines={node: place.start.line for node, place in positions.items()},
    )


def walk(node: cst.CSTNode, above: tuple[cst.CSTNode, ...] = ()) -> Iterator[Site]:
    """Yield a node and all that it contains, except annotations, imports and errors."""
    if isinstance(node, _OPAQUE):
        return
    yield Site(node, above)
    for child in node.children:
        yield from walk(child, (*above, node))


def code(node: cst.CSTNode) -> str:
    """Return the text of a node on one line, without comments."""
    lines = cst.Module([]).code_for_node(node).splitlines()
    return " ".join(" ".join(_COMMENT.sub("", line) for line in lines).split())


def _needed(tree: ast.Module, names: Sequence[str]) -> list[bool]:
    """Return for each statement of a file whether the entry points need it."""
    defined = {name: node for node in tree.body for name in _defined(node)}
    found: set[ast.stmt] = set()
    fresh = [defined[name] for name in names if name in defined]
    while fresh:
        node = fresh.pop()
        found.add(node)
        used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        fresh += [defined[name] for name in used & set(defined) if defined[name] not in found]
    return [isinstance(node, ast.Import | ast.ImportFrom) or node in found for node in tree.body]


def _defined(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            named = (part.id for t in targets for part in ast.walk(t) if isinstance(part, ast.Name))
            yield from (name for name in named if name not in TEXTS)
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _is_docstring(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString())]):
            return True
    return False
