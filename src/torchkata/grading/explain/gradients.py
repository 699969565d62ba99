"""Known traps of gradients: nan, graphs that are cut, gradients that are zeroed or ignored."""

from __future__ import annotations

import ast
from typing import Final

from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.grading.explain.tree import in_order, last_name
from torchkata.i18n import _

_ROOTS: Final = ("SqrtBackward0", "RsqrtBackward0")
_STEEP: Final = (
    *_ROOTS, "PowBackward0", "PowBackward1", "LogBackward0", "Log1PBackward0", "DivBackward0",
    "ReciprocalBackward0", "AtanhBackward0", "AcosBackward0", "AsinBackward0",
)  # fmt: skip
_CUTS: Final = (
    (r"\.numpy\(", ".numpy()"),
    (r"\.tolist\(\)", ".tolist()"),
    (r"\.item\(\)", ".item()"),
    (r"\.detach\(\)", ".detach()"),
    (r"\.data\b", ".data"),
    (r"torch\.no_grad\(", "torch.no_grad()"),
    (r"torch\.tensor\((?!\s*[\[\d])", "torch.tensor(...)"),
    (r"\bfloat\(", "float(...)"),
)
"""What ends a graph: a pattern, and its name in the sentence."""


@trap(
    "nan behind torch.where",
    "gradient stability device",
    lambda line, where: _(
        "Line {where} selects other values, so the result is right, but the gradient is not: "
        "backward goes through line {line} too, where the derivative is infinite, and 0 times "
        "infinity is nan. Select harmless inputs before line {line}.",
        line=line,
        where=where,
    ),
)
def nan_behind_where(failure: Failure) -> Details | None:
    """Match a nan where the gradient of a selected value, which is 0, meets an infinite slope."""
    bad = failure.bad_gradient
    if bad is None or not (bad.masked and bad.where and bad.line) or bad.node not in _STEEP:
        return None
    return {"line": bad.line, "where": bad.where}


@trap(
    "square root at zero",
    "gradient stability device",
    lambda line: _(
        "The square root on line {line} has an infinite derivative at 0, and the gradient through "
        "it becomes nan or infinite. Keep 0 away from it: select with `torch.where` before the "
        "root, not after it.",
        line=line,
    ),
)
def root_at_zero(failure: Failure) -> Details | None:
    """Match a gradient that becomes nan or infinite in a square root."""
    bad = failure.bad_gradient
    return {"line": bad.line} if bad is not None and bad.node in _ROOTS and bad.line else None


@trap(
    "gradient becomes nan",
    "gradient stability device",
    lambda line: _(
        "The gradient becomes nan or infinite in the backward pass of line {line}: the operations "
        "after it pass on finite gradients.",
        line=line,
    ),
)
def gradient_becomes_nan(failure: Failure) -> Details | None:
    """Match a gradient that becomes nan or infinite anywhere."""
    bad = failure.bad_gradient
    nan_result = any(step.new_nonfinite for step in failure.steps)
    return {"line": bad.line} if bad is not None and bad.line and not nan_result else None


@trap(
    "gradient is cut off",
    "gradient device",
    lambda line, call: _(
        "`{call}` on line {line} takes the values out of the graph, so no gradient can flow back "
        "through it. Use only tensor operations there.",
        line=line,
        call=call,
    ),
)
def gradient_is_cut_off(failure: Failure) -> Details | None:
    """Match a missing gradient if the code contains something that ends a graph."""
    if failure.facts.get("gradient") != "none":
        return None
    for pattern, call in _CUTS:
        line = failure.code.find(pattern)
        if line:
            return {"line": line, "call": call}
    return None


@trap(
    "backward ignores its gradient",
    "gradient device",
    lambda line, name: _(
        "`backward` on line {line} does not use `{name}`, the gradient that it receives. It must "
        "return that gradient times the derivative; here everything after it is left out.",
        line=line,
        name=name,
    ),
)
def backward_ignores_its_gradient(failure: Failure) -> Details | None:
    """Match an autograd.Function whose backward does not read its argument."""
    for node in failure.tree.nodes:
        if not (isinstance(node, ast.FunctionDef) and node.name == "backward"):
            continue
        names = [argument.arg for argument in node.args.args[1:]]
        read = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        unused = [name for name in names if name not in read]
        if unused and any(last_name(d) == "staticmethod" for d in node.decorator_list):
            return {"line": node.lineno, "name": unused[0]}
    return None


@trap(
    "gradient zeroed too early",
    "values contract gradient device dtype",
    lambda line, backward: _(
        "Line {line} clears the gradient after the backward pass (line {backward}) and before the "
        "update, which then uses a gradient of 0. Clear it before the backward pass.",
        line=line,
        backward=backward,
    ),
)
def zeroed_too_early(failure: Failure) -> Details | None:
    """Match backward, zero and update in this order in a block."""
    cleared = _clears_gradients(failure)
    for block in failure.tree.blocks():
        plain = [each for each in block if each.lineno not in cleared]
        for line in cleared & {each.lineno for each in block}:
            order = in_order(plain, ("backward",), ("step", "grad", "sub_", "add_"))
            if order and order[0] < line < order[1]:
                return {"line": line, "backward": order[0]}
    return None


def _clears_gradients(failure: Failure) -> set[int]:
    return set(
        failure.code.all(r"\.zero_grad\(|\.grad\.zero_\(|\.grad\s*=\s*None|\.grad\.fill_\(0")
    )


@trap(
    "not a leaf",
    "values contract shape gradient purity dtype device",
    lambda line, name: _(
        "`{name}` is no leaf after line {line}, because it is computed from a tensor that requires "
        "grad, and backward fills the .grad of leaves only. Update it in place under "
        "`torch.no_grad()`, or detach the new tensor and let it require grad again.",
        line=line,
        name=name,
    ),
)
def not_a_leaf(failure: Failure) -> Details | None:
    """Match a .grad that is None because its tensor is the result of a computation."""
    if "NoneType" not in failure.exception_text:
        return None
    for node in failure.tree.nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_computed(value, name):
                return {"line": node.lineno, "name": name}
    return None


def _is_computed(value: ast.expr, name: str) -> bool:
    """Return whether an expression makes a tensor with a graph from the old value of a name."""
    parts = list(ast.walk(value))
    names = {last_name(part) for part in parts if isinstance(part, ast.Attribute | ast.Name)}
    cut = {"detach", "data", "no_grad", "Parameter", "tensor"} & names
    updated = isinstance(value, ast.BinOp) and "grad" in names
    return name in names and not cut and (updated or {"clone", "requires_grad_"} <= names)


TRAPS: Final[tuple[Trap, ...]] = (
    nan_behind_where,
    root_at_zero,
    backward_ignores_its_gradient,
    zeroed_too_early,
    not_a_leaf,
    gradient_is_cut_off,
)
"""All but `gradient_becomes_nan`, which says less than others and has to be tried after them."""
