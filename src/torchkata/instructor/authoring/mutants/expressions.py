"""Faults in expressions: constants, operators, comparisons, dims, keywords, methods, indices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import libcst as cst

from torchkata.instructor.authoring.mutants import tables
from torchkata.instructor.authoring.mutants.edit import Edit, name_of
from torchkata.instructor.authoring.mutants.reference import Site, code

_DIMS: Final = ("dim", "axis", "dims", "in_dims")
_MOST_SWAPPED: Final = 2  # arguments of a call that are swapped: the last two of `where`
_TINY: Final = 1e-3


def constants(site: Site) -> Iterator[Edit]:
    """Change a number by one, or by a factor; flip True and False."""
    node, parent = site.node, site.parent
    kind = "dim" if _is_dim(site) else "constant"
    if any(isinstance(outer, cst.Param) for outer in site.above):
        return  # `defaults` changes these
    match node:
        case cst.UnaryOperation(operator=cst.Minus(), expression=cst.Integer(value=text)):
            number = int(text, 0)
            for other in (-number - 1, -number + 1, number):
                yield Edit(kind, site, _expression(str(other)))
        case cst.Integer(value=text) if not _is_minus(parent):
            number = int(text, 0)
            for other in (number + 1, number - 1):
                if other >= 0 or kind == "dim":
                    yield Edit(kind, site, _expression(str(other)))
        case cst.Float(value=text):
            real = float(text)
            yield Edit(kind, site, _expression(repr(real * 2 if real else 1.0)))
            if 0 < real < _TINY:
                yield Edit(kind, site, _expression(repr(real * 1e4)))
        case cst.Name(value="True" | "False" as text) if not _is_default(parent, text):
            yield Edit("flag", site, cst.Name("False" if text == "True" else "True"))
        case cst.SimpleString():
            text = str(node.evaluated_value)
            if text in tables.STRINGS:
                yield Edit("string", site, cst.SimpleString(f'"{tables.STRINGS[text]}"'))
        case cst.Attribute(value=cst.Name(value="torch"), attr=cst.Name(value="inf")):
            yield Edit("finite infinity", site, cst.Float("1e9"))


def operators(site: Site) -> Iterator[Edit]:
    """Replace an operator, swap its operands, or leave it out."""
    match site.node:
        case cst.BinaryOperation(operator=operator, left=left, right=right) as node:
            for other in tables.BINARY.get(type(operator), ()):
                yield Edit("operator", site, node.with_changes(operator=other()))
            if isinstance(operator, tables.ORDERED) and not _is_even(site, left, right):
                yield Edit("swapped operands", site, node.with_changes(left=right, right=left))
        case cst.UnaryOperation(operator=cst.Minus(), expression=cst.Integer()):
            return
        case cst.UnaryOperation(expression=operand):
            yield Edit("dropped sign", site, operand)
        case cst.BooleanOperation(operator=operator) as node:
            opposite = cst.Or() if isinstance(operator, cst.And) else cst.And()
            yield Edit("operator", site, node.with_changes(operator=opposite))
        case cst.ComparisonTarget(operator=operator) as node:
            for kind in tables.COMPARISONS.get(type(operator), ()):
                yield Edit("comparison", site, node.with_changes(operator=kind()))
        case cst.IfExp(body=body, orelse=orelse):
            yield Edit("branch", site, body)
            yield Edit("branch", site, orelse)


def methods(site: Site) -> Iterator[Edit]:
    """Call another function, or leave out the call of a method."""
    match site.node:
        case cst.Attribute(attr=cst.Name(value=name)) as node if code(node.value) != "self":
            for other in tables.NAMES.get(name, ()):
                yield Edit("method", site, node.with_changes(attr=cst.Name(other)))
        case cst.Name(value=name) if _is_called(site):
            for other in tables.NAMES.get(name, ()):
                if name.endswith("_loss") or name in {"logsigmoid", "log_softmax"}:
                    yield Edit("method", site, _expression(f"torch.nn.functional.{other}"))
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=name))):
            if name in tables.DROPPABLE and not _is_module(owner):
                yield Edit(f"dropped {name}", site, owner)


def keywords(site: Site) -> Iterator[Edit]:
    """Drop a keyword, or swap two arguments."""
    match site.node:
        case cst.Call(args=args) as node:
            for position, arg in enumerate(args):
                if arg.keyword is None:
                    continue
                name, value = arg.keyword.value, code(arg.value)
                if tables.DEFAULTS.get(name) != value:
                    fewer = (*args[:position], *args[position + 1 :])
                    kind = name if name == "keepdim" else "dropped keyword"
                    yield Edit(kind, site, node.with_changes(args=_tidy(fewer)))
            plain = [arg for arg in args if arg.keyword is None and not arg.star]
            if len(plain) >= _MOST_SWAPPED and name_of(node.func) not in tables.SYMMETRIC:
                yield from _swapped(site, node, plain)


def indices(site: Site) -> Iterator[Edit]:
    """Leave out a bound of a slice, or swap two indices."""
    match site.node:
        case cst.Slice(lower=lower, upper=upper) as node:
            if lower is not None:
                yield Edit("slice", site, node.with_changes(lower=None))
            if upper is not None:
                yield Edit("slice", site, node.with_changes(upper=None))
        case cst.Subscript(slice=[first, second]) as node:
            if code(first.slice) != code(second.slice):
                swapped = [
                    first.with_changes(slice=second.slice),
                    second.with_changes(slice=first.slice),
                ]
                yield Edit("swapped indices", site, node.with_changes(slice=swapped))


def dims(site: Site) -> Iterator[Edit]:
    """Use a fixed dim instead of the parameter."""
    match site.node:
        case cst.Arg(value=cst.Name(value="dim" | "axis")) as node:
            for fixed in ("-1", "0"):
                yield Edit("fixed dim", site, node.with_changes(value=_expression(fixed)))


EXPRESSIONS: Final[tuple[Callable[[Site], Iterator[Edit]], ...]] = (
    constants, operators, methods, keywords, indices, dims,
)  # fmt: skip
"""The operators of this module."""


def _swapped(site: Site, node: cst.Call, plain: list[cst.Arg]) -> Iterator[Edit]:
    one, other = plain[-2:] if name_of(node.func) == "where" else plain[:2]
    if code(one.value) == code(other.value):
        return
    exchanged = {one: other.value, other: one.value}
    args = [arg.with_changes(value=exchanged.get(arg, arg.value)) for arg in node.args]
    yield Edit("swapped arguments", site, node.with_changes(args=args))


def _tidy(args: tuple[cst.Arg, ...]) -> tuple[cst.Arg, ...]:
    """Return arguments without a comma after the last one."""
    if not args:
        return ()
    return (*args[:-1], args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT))


def _expression(text: str) -> cst.BaseExpression:
    return cst.parse_expression(text)


def _is_minus(node: cst.CSTNode | None) -> bool:
    return isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus)


def _is_dim(site: Site) -> bool:
    """Return whether a number is the dim of a reduction."""
    arg = next((node for node in reversed(site.above) if isinstance(node, cst.Arg)), None)
    return arg is not None and arg.keyword is not None and arg.keyword.value in _DIMS


def _is_called(site: Site) -> bool:
    return isinstance(site.parent, cst.Call) and site.parent.func is site.node


def _is_module(node: cst.BaseExpression) -> bool:
    return code(node) in {"torch", "np", "functional", "torch.linalg", "torch.nn.functional", "F"}


def _is_default(parent: cst.CSTNode | None, text: str) -> bool:
    """Return whether a flag's opposite is its default, so that it is the same to drop it."""
    if not isinstance(parent, cst.Arg) or parent.keyword is None:
        return False
    opposite = "False" if text == "True" else "True"
    return tables.DEFAULTS.get(parent.keyword.value) == opposite


def _is_even(site: Site, left: cst.CSTNode, right: cst.CSTNode) -> bool:
    """Return whether the order of two operands does not matter: `(x - y).square()`."""
    if code(left) == code(right):
        return True
    squared = isinstance(site.parent, cst.Attribute) and site.parent.attr.value in {"square", "abs"}
    return (
        squared
        and isinstance(site.node, cst.BinaryOperation)
        and isinstance(site.node.operator, cst.Subtract)
    )
