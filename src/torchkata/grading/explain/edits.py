"""Small changes of a submission that may make a failed check pass, and what they would show."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from torchkata.grading.explain.additions import (
    REDUCTIONS,
    Replacement,
    with_create_graph,
    with_keepdim,
    with_keyword,
)
from torchkata.grading.explain.tree import JudgedTree, first_name, keywords, last_name, line_of
from torchkata.i18n import Message, _

_GRAPH: Final = ("detach", "data")
_DTYPES: Final = ("float", "double", "half", "bfloat16", "long", "int")
_VALUES: Final = (
    "clamp", "clip", "clamp_min", "clamp_max", "nan_to_num", "abs", "round", "floor", "relu",
    "sqrt", "square", "cumsum", "flip", "t", "T", "mT", "unsqueeze", "squeeze", "flatten", "sort",
    "all", "any",
)  # fmt: skip
_FUNCTIONS: Final = {
    "tril": "triu", "triu": "tril", "scatter": "scatter_add", "scatter_": "scatter_add_",
    "mean": "sum", "sum": "mean", "randn": "rand", "clip_grad_value_": "clip_grad_norm_",
    "Adam": "SGD", "AdamW": "Adam", "RMSprop": "SGD", "argmin": "argmax", "argmax": "argmin",
    "min": "max", "max": "min", "amin": "amax", "amax": "amin", "l1_loss": "mse_loss",
    "floor": "trunc", "trunc": "floor",
}  # fmt: skip
_DROPPED: Final = (
    "momentum", "weight_decay", "amsgrad", "nesterov", "betas", "correction", "unbiased",
    "diagonal", "reduction", "descending", "right", "keepdim",
)  # fmt: skip
_DIRECTED: Final = (
    *REDUCTIONS, "cumsum", "softmax", "log_softmax", "argmax", "argmin", "unsqueeze", "squeeze",
    "flip", "stack", "cat",
)  # fmt: skip
_OPERATORS: Final[dict[type[Any], tuple[str, str]]] = {
    ast.Mult: ("*", "@"),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
}
_DIMS: Final = (-1, 0, 1, -2)
_SMALL: Final = 1e-3
_EPSILON: Final = re.compile(r"^_?(?:eps|epsilon|tiny|delta)$", re.IGNORECASE)


_NUMBERS: Final = "values stability shape gradient contract dtype purity"


def _receiver(node: ast.AST, names: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the call or attribute and what it is applied to, if its name is among `names`."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in names:
            if first_name(value) in ("torch", "F", "functional"):
                return (f"{name}(...)", ast.unparse(node.args[0])) if node.args else None
            return f".{name}({'...' if node.args or node.keywords else ''})", ast.unparse(value)
        case ast.Attribute(value=value, attr=name) if name in names and name in ("data", "T", "mT"):
            return f".{name}", ast.unparse(value)
    return None


def _removed(
    names: tuple[str, ...], sentence: Callable[[str, int], Message]
) -> Callable[[JudgedTree], Iterator[Replacement]]:
    def find(tree: JudgedTree) -> Iterator[Replacement]:
        for node in tree.nodes:
            if found := _receiver(node, names):
                yield node, f"({found[1]})", sentence(found[0], line_of(node))

    return find


def _recorded(tree: JudgedTree) -> Iterator[Replacement]:
    for call in tree.calls("no_grad", "inference_mode"):
        message = _(
            "`torch.{call}()` on line {line} records no graph, so the gradient lacks what is "
            "computed there. Without it, the gradient is right.",
            call=last_name(call.func),
            line=call.lineno,
        )
        yield call, "torch.enable_grad()", message


def _without_constants(tree: JudgedTree) -> Iterator[Replacement]:
    for node in tree.nodes:
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)):
            continue
        for small, rest in ((node.right, node.left), (node.left, node.right)):
            if _is_small(small):
                message = _(
                    "`+ {amount}` on line {line} changes every value. Without it, this check "
                    "passes.",
                    amount=ast.unparse(small),
                    line=node.lineno,
                )
                yield node, f"({ast.unparse(rest)})", message


def _is_small(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=float(number)):
            return 0 < abs(number) <= _SMALL
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(_EPSILON.match(name))
    return False


def _along_other_dims(tree: JudgedTree) -> Iterator[Replacement]:
    for call in tree.calls(*_DIRECTED):
        given = [keyword.value for keyword in call.keywords if keyword.arg in ("dim", "axis")]
        is_function = first_name(call.func) in ("torch", "F")
        given += call.args[1:2] if is_function else call.args[:1]
        for node in given:
            number = _integer(node)
            for other in _DIMS if number is not None else ():
                if other == number:
                    continue
                message = _(
                    "`{call}` on line {line} works along dim {number}. Along dim {other}, this "
                    "check passes.",
                    call=last_name(call.func),
                    line=line_of(call),
                    number=number,
                    other=other,
                )
                yield node, str(other), message


def _integer(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
    return None


def _with_other_operators(tree: JudgedTree) -> Iterator[Replacement]:
    # Another sum in a condition would only decide that a branch never runs.
    branches = [node.test for node in tree.nodes if isinstance(node, ast.If | ast.While)]
    in_conditions = {id(part) for test in branches for part in ast.walk(test)}
    for node in tree.nodes:
        operator: ast.AST
        if isinstance(node, ast.BinOp) and id(node) in in_conditions:
            continue
        if isinstance(node, ast.BinOp):
            left, operator, right = node.left, node.op, node.right
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, operator, right = node.left, node.ops[0], node.comparators[0]
        else:
            continue
        if type(operator) not in _OPERATORS or isinstance(left, ast.Constant):
            continue
        old, new = _OPERATORS[type(operator)]
        if new == "@":
            message = _(
                "`*` on line {line} multiplies element by element; the matrix product is `@`. With "
                "`@`, this check passes.",
                line=node.lineno,
            )
        else:
            message = _in_place_of(old, new, node.lineno)
        yield node, f"(({ast.unparse(left)}) {new} ({ast.unparse(right)}))", message


def _in_place_of(old: str, new: str, line: int) -> Message:
    return _(
        "With `{new}` in place of `{old}` on line {line}, this check passes.",
        new=new,
        old=old,
        line=line,
    )


def _with_other_functions(tree: JudgedTree) -> Iterator[Replacement]:
    for call in tree.calls(*_FUNCTIONS):
        old = last_name(call.func)
        new = _FUNCTIONS[old]
        text = ast.unparse(call.func)
        yield call.func, text.removesuffix(old) + new, _in_place_of(old, new, line_of(call))


def _with_other_sizes(tree: JudgedTree) -> Iterator[Replacement]:
    for node in tree.nodes:
        match node:
            case ast.Subscript(value=ast.Attribute(attr="shape"), slice=index):
                number = _integer(index)
            case ast.Call(func=ast.Attribute(attr="size"), args=[index]):
                number = _integer(index)
            case _:
                continue
        for other in _DIMS if number is not None else ():
            if other != number:
                old, new = f"shape[{number}]", f"shape[{other}]"
                yield index, str(other), _in_place_of(old, new, index.lineno)


def _divided_by_n(tree: JudgedTree) -> Iterator[Replacement]:
    for node in tree.nodes:
        match node:
            case ast.BinOp(left=left, op=ast.Sub(), right=ast.Constant(value=1)):
                message = _("Line {line} uses n - 1. With n, this check passes.", line=node.lineno)
                yield node, f"({ast.unparse(left)})", message
    for call in tree.calls("var", "std", "var_mean", "std_mean"):
        if not {"correction", "unbiased", "**"} & keywords(call):
            message = _(
                "`{call}` on line {line} divides by n - 1 unless told otherwise. With "
                "`correction=0` it divides by n, and this check passes.",
                call=last_name(call.func),
                line=line_of(call),
            )
            yield call, with_keyword(call, "correction=0"), message


def _without_one_minus(tree: JudgedTree) -> Iterator[Replacement]:
    for node in tree.nodes:
        match node:
            case ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=right):
                yield node, f"({ast.unparse(right)})", _without("1 -", node.lineno)


def _without_keywords(tree: JudgedTree) -> Iterator[Replacement]:
    for node in tree.nodes:
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg in _DROPPED and isinstance(node, ast.Call):
                others = [each for each in node.keywords if each is not keyword]
                text = ast.unparse(ast.Call(func=node.func, args=node.args, keywords=others))
                message = _without(ast.unparse(keyword), keyword.value.lineno)
                yield node, text, message


def _without(what: str, line: int) -> Message:
    return _(
        "Without `{what}` on line {line}, this check passes.", what=what, line=line
    )  # fmt: skip


def _without_statements(tree: JudgedTree) -> Iterator[Replacement]:
    for node in tree.nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = last_name(node.value.func)
            if name.endswith("_") or name == "manual_seed":
                yield node, "pass", _without(f"{name}(...)", node.lineno)


KINDS: Final[tuple[tuple[str, str, Callable[[JudgedTree], Iterator[Replacement]]], ...]] = (
    ("derivative without a graph", _NUMBERS, with_create_graph),
    (
        "part of the gradient is cut off",
        "gradient device",
        _removed(
            _GRAPH,
            lambda call, line: _(
                "`{call}` on line {line} cuts the graph, so a part of the gradient is missing. "
                "Without it, the gradient is right.",
                call=call,
                line=line,
            ),
        ),
    ),
    ("part of the gradient is not recorded", "gradient device", _recorded),
    ("missing keepdim", _NUMBERS, with_keepdim),
    ("operator", _NUMBERS, _with_other_operators),
    ("call", _NUMBERS, _removed(_VALUES, _without)),
    ("other dim", _NUMBERS, _along_other_dims),
    ("small number added", _NUMBERS, _without_constants),
    ("n - 1", _NUMBERS, _divided_by_n),
    ("one minus", _NUMBERS, _without_one_minus),
    ("conversion", _NUMBERS, _removed(_DTYPES, _without)),
    ("argument", _NUMBERS, _without_keywords),
    ("function", _NUMBERS, _with_other_functions),
    ("size", _NUMBERS, _with_other_sizes),
    ("statement", _NUMBERS, _without_statements),
)
"""Kind, axes, and what finds the places."""
