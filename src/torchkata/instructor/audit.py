"""Find what in a submission deserves a look, in its source: code that ordinary answers do not need.

Nothing here is a verdict. A finding is a line that a person should read, and no finding proves
nothing: names can be put together at run time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from torchkata.i18n import Message, _
from torchkata.instructor.audit_names import (
    BUILTINS,
    DYNAMIC,
    EXITS,
    FRAMES,
    HOOKS,
    HUGE,
    INSIDE,
    MEMORY,
    PROCESS,
    PUBLIC,
    STATE,
    TABLES,
    USUAL,
)


@dataclass(frozen=True, kw_only=True, order=True)
class Remark:
    """A line of a submission that deserves a look.

    Attributes:
        line: its number.
        kind: what kind of code it is, such as `patch`.
        name: the name in question, as it is written.
        message: why it deserves a look, in a sentence.
    """

    line: int
    kind: str
    name: str
    message: Message


_REASONS: Final[dict[str, Message]] = {
    "import": _("Answers do not need {name}; it can reach the process or the system.", name=""),
    "patch": _("It replaces {name}, which other code uses too.", name=""),
    "private": _("{name} is a private name of PyTorch.", name=""),
    "inside": _("{name} reaches how PyTorch runs ops, where costs are counted.", name=""),
    "process": _("{name} concerns the process, its threads or its files.", name=""),
    "frames": _("{name} leads to the code that calls, or to what it hides.", name=""),
    "memory": _("{name} reaches the memory of a tensor past its values.", name=""),
    "dynamic": _("{name} runs or changes what cannot be read here.", name=""),
    "kept name": _("{name} is kept under another name from the import on.", name=""),
    "kept state": _("{name} lives longer than a call, so it can hold earlier results.", name=""),
    "hook": _("{name} runs when other code looks at the object.", name=""),
    "exit": _("{name} is about ending or hiding, not about computing.", name=""),
    "device": _("{name} lets a call behave differently where it is judged.", name=""),
    "unused": _("{name} does not look at its arguments.", name=""),
    "print": _("{name} writes into the report.", name=""),
    "huge": _("{name} is repeated very often.", name=""),
    "invalid": _("The file is not valid Python: {name}.", name=""),
}


def audit(source: bytes) -> list[Remark]:
    """Return the lines of a submission that deserve a look, in order, each reason once per line."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return [_remark(getattr(error, "lineno", None) or 1, "invalid", str(error))]
    return sorted(set(_Auditor(tree).remarks()), key=lambda each: (each.line, each.kind, each.name))


def _remark(line: int, kind: str, name: str) -> Remark:
    message = Message(_REASONS[kind].template, {"name": f"`{name}`" if kind != "invalid" else name})
    return Remark(line=line, kind=kind, name=name, message=message)


class _Auditor:
    """Walks over the tree of a file."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._modules = dict(_imported(tree))
        self._written = set(_written_in_functions(tree))

    def remarks(self) -> Iterator[Remark]:
        for node in ast.walk(self._tree):
            yield from (_remark(getattr(node, "lineno", 1), *found) for found in self._of(node))
        for statement in self._tree.body:
            yield from (_remark(statement.lineno, *found) for found in self._kept(statement))

    def _full_name(self, node: ast.expr) -> str:
        """Return the dotted name of an expression, with imported names written out; else empty."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self._modules.get(node.id, node.id), *reversed(parts)])

    def _of(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        match node:
            case ast.Import(names=names):
                for each in names:
                    yield from _of_import(each.name)
            case ast.ImportFrom(module=str(module), names=names):
                for each in names:
                    yield from _of_import(f"{module}.{each.name}")
            case ast.Attribute() | ast.Name():
                yield from self._of_name(node)
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from self._of_target(target)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                yield from self._of_target(target)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _of_function(node)
            case ast.ClassDef(bases=bases):
                for base in map(self._full_name, bases):
                    if base.endswith(("torch.Tensor", "Mode", "BaseException")):
                        yield "hook", base
                    if base == "torch.autograd.Function" and "numpy" in _attributes(node):
                        yield "inside", base
            case ast.ExceptHandler(type=None):
                yield "exit", "except:"
            case ast.BinOp(
                left=ast.Constant(value=str()) as text, right=ast.Constant(value=int(n))
            ):
                if n >= HUGE:
                    yield "huge", ast.unparse(text)
            case ast.Global(names=names):
                yield from (("kept state", name) for name in names)
            case ast.Compare(left=left, comparators=others):
                for side in (left, *others):
                    if isinstance(side, ast.Attribute):
                        yield from _of_device(side)

    def _of_name(self, node: ast.expr) -> Iterator[tuple[str, str]]:
        name = self._full_name(node)
        attribute = node.attr if isinstance(node, ast.Attribute) else ""
        if attribute in FRAMES:
            yield "frames", attribute
        if attribute in MEMORY:
            yield "memory", attribute
        if name.startswith("torch.") and _is_private(name):
            yield "private", name
        if any(name == each or name.startswith(each + ".") for each in INSIDE):
            yield "inside", name
        if name in PROCESS:
            yield "process", name
        if name in DYNAMIC and name not in self._modules:
            yield "dynamic", name
        if name in EXITS:
            yield "exit", name
        if name == "print":
            yield "print", name

    def _of_target(self, target: ast.expr) -> Iterator[tuple[str, str]]:
        if isinstance(target, ast.Tuple | ast.List):
            for each in target.elts:
                yield from self._of_target(each)
        if isinstance(target, ast.Subscript):
            target = target.value
            if isinstance(target, ast.Attribute) and target.attr == "__dict__":
                yield "patch", "__dict__"
        if not isinstance(target, ast.Attribute):
            return
        name = self._full_name(target)
        root = name.partition(".")[0]
        if root in BUILTINS or (name and self._is_imported(target)):
            yield "patch", name
        if target.attr.startswith("__") and target.attr.endswith("__"):
            yield "patch", target.attr

    def _is_imported(self, node: ast.expr) -> bool:
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self._modules

    def _kept(self, node: ast.stmt) -> Iterator[tuple[str, str]]:
        """Yield what a statement at the top level of the file keeps."""
        match node:
            case ast.Assign(targets=[*targets], value=value):
                names = [each.id for each in targets if isinstance(each, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                names = [name]
            case ast.Expr(value=ast.Call(func=func)):
                yield "kept state", ast.unparse(func)
                return
            case _:
                return
        if not names:
            return
        calls = [each.func for each in ast.walk(value) if isinstance(each, ast.Call)]
        called = {self._full_name(each).rpartition(".")[2] for each in calls}
        kept = self._full_name(value) if self._is_imported(value) else ""
        if kept.rpartition(".")[2].islower() or kept.endswith("__"):  # a class is no function
            yield "kept name", kept
        if set(names) & self._written or called & (STATE | TABLES) or _is_empty(value):
            yield "kept state", names[0]


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each imported name with what it stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.partition(".")[0]
                yield (each.asname, each.name) if each.asname else (top, top)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                yield each.asname or each.name, f"{node.module}.{each.name}"


def _attributes(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def _written_in_functions(tree: ast.Module) -> Iterator[str]:
    """Yield the names whose items functions write to, such as `calls` in `calls[0] += 1`."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            match node:
                case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                    yield name


def _is_private(name: str) -> bool:
    if name.startswith(PUBLIC) or name == "torch._dynamo":
        return False
    return any(part.startswith("_") and not part.endswith("__") for part in name.split("."))


def _of_import(name: str) -> Iterator[tuple[str, str]]:
    if name.partition(".")[0] not in USUAL:
        yield "import", name
    elif name.startswith("torch.") and _is_private(name):
        yield "private", name
    elif any(name == each or name.startswith(each + ".") for each in INSIDE):
        yield "inside", name


def _of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, str]]:
    if node.name in HOOKS:
        yield "hook", node.name
    for default in (*node.args.defaults, *node.args.kw_defaults):
        if isinstance(default, ast.Dict | ast.List | ast.Set):
            yield "kept state", ast.unparse(default)
    parameters = {each.arg for each in (*node.args.posonlyargs, *node.args.args)} - {"self", "cls"}
    used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    raises = any(isinstance(each, ast.Raise) for each in node.body)
    if parameters and not parameters & used and not raises and not node.name.startswith("_"):
        yield "unused", node.name


def _of_device(node: ast.Attribute) -> Iterator[tuple[str, str]]:
    inner = node.value
    if node.attr == "type" and isinstance(inner, ast.Attribute) and inner.attr == "device":
        yield "device", ast.unparse(node)


def _is_empty(value: ast.expr) -> bool:
    """Return whether a value is an empty list or dict, which is there to be filled."""
    return ast.unparse(value) in {"[]", "{}"}
