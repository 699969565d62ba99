"""Rules that are read from a submission's source: what it must, or must not, name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_DEVICE_METHODS: Final = frozenset({"cpu", "cuda", "is_available"})
_DEVICE_TYPES: Final = ("cpu", "cuda", "mps", "xpu", "hip", "meta")


@dataclass(frozen=True)
class Violation:
    """One place that breaks a rule.

    Attributes:
        line: of the submission.
        text: the code at fault, shortened.
    """

    line: int
    text: str


@dataclass(frozen=True)
class NoDeviceNames:
    """No device may be named: no `.cuda()`, no `"cpu"`, no `torch.cuda.is_available()`."""

    def violations(self, tree: ast.Module) -> Iterator[Violation]:
        """Yield the places that name a device."""
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr=method)) if method in _DEVICE_METHODS:
                    yield _at(node)
                case ast.Call():
                    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
                    yield from (_at(each) for each in arguments if _names_device(each))


@dataclass(frozen=True)
class NoOverrides:
    """A class may not override some of the methods that it inherits.

    Attributes:
        class_name: the class.
        methods: the names that it may not define.
    """

    class_name: str
    methods: tuple[str, ...]

    def violations(self, tree: ast.Module) -> Iterator[Violation]:
        """Yield the definitions of such methods, in the class and in its bases in the same file."""
        for node in tree.body:
            if not isinstance(node, ast.ClassDef):
                continue
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and each.name in self.methods:
                    yield Violation(each.lineno, f"def {each.name}")


@dataclass(frozen=True)
class Uses:
    """The file must call a function.

    Attributes:
        names: dotted names such as `autograd.grad`, of which one must be called; the last parts
            of a call's dotted name are compared.
    """

    names: tuple[str, ...]

    def violations(self, tree: ast.Module) -> Iterator[Violation]:
        """Yield one violation without a line if no such call is there."""
        aliases = _aliases(tree)
        for node in ast.walk(tree):
            if isinstance(node, (ast.Attribute, ast.Name)):
                dotted = _dotted(node, aliases)
                if any(dotted == name or dotted.endswith(f".{name}") for name in self.names):
                    return
        yield Violation(0, "")


SourceRule = NoDeviceNames | NoOverrides | Uses


def _names_device(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return text.partition(":")[0] in _DEVICE_TYPES
        case ast.IfExp(body=one, orelse=other):
            return _names_device(one) or _names_device(other)
    return False


def _at(node: ast.expr) -> Violation:
    text = ast.unparse(node)
    return Violation(node.lineno, text if len(text) <= 60 else text[:57] + "...")  # noqa: PLR2004


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Return what the imported names of a file stand for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=imported):
                names |= {each.asname: each.name for each in imported if each.asname}
            case ast.ImportFrom(module=str(module), names=imported):
                names |= {each.asname or each.name: f"{module}.{each.name}" for each in imported}
    return names


def _dotted(node: ast.expr, aliases: dict[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return aliases.get(name, name)
        case ast.Attribute(value=inner, attr=name):
            return f"{_dotted(inner, aliases)}.{name}"
    return ""
