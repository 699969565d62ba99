"""Formulas over axis letters, as text: the stub and its grader use the same characters."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Final

from torchkata.errors import CourseError

_OPERATORS: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
}


def evaluate(formula: str, names: Mapping[str, float]) -> float:
    """Evaluate a formula such as `4*N*D + 16`.

    Args:
        formula: names, numbers, `+ - * / //` and parentheses.
        names: the value of each name.

    Raises:
        CourseError: the formula has another kind of expression, or a name without a value.
    """
    try:
        return _value(ast.parse(formula, mode="eval").body, names)
    except (SyntaxError, ValueError, KeyError) as error:
        known = ", ".join(sorted(names)) or "none"
        raise CourseError(
            f"Cannot evaluate the formula {formula!r} ({error}). Use the names {known}, "
            "numbers, + - * / // and parentheses."
        ) from error


def _value(node: ast.expr, names: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, names)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(left, names), _value(right, names))
        case _:
            raise ValueError(f"{ast.unparse(node)} is not allowed")


def sizes_of(shape: str, sizes: Mapping[str, float]) -> tuple[int, ...]:
    """Evaluate a shape such as `"N D+1"`; the empty string is a 0-d shape."""
    return tuple(int(evaluate(part, sizes)) for part in shape.split())
