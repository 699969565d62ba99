"""Known numerical traps: overflow, cancellation, nan, logarithms of 0, digits that are lost."""

from __future__ import annotations

import ast
import math
import re
from typing import Final

from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.grading.explain.tree import last_name, line_of
from torchkata.i18n import _
from torchkata.i18n.op_names import spelling

_NUMERICAL: Final = "stability values gradient device dtype"
_OPERANDS: Final = 2
_TINY: Final = 1e-4
_MAKES_SMALL: Final = {"exp", "exp_", "_softmax", "sigmoid", "softmax"}
_SQUARES: Final = r"\*\*\s*2|square\(|norm\(|(\w+)\s*\*\s*\1\b|pow\("


@trap(
    "exp overflows",
    _NUMERICAL,
    lambda line: _(
        "`exp` on line {line} overflows float32 for inputs of 89 and more. Softmax and logsumexp "
        "subtract the largest value first, which does not change the result and leaves no exponent "
        "above 0; softplus and logsigmoid are safe as they are.",
        line=line,
    ),
)
def exp_overflows(failure: Failure) -> Details | None:
    """Match a first infinity that `exp` returns."""
    return _first_from(failure, "inf", "exp", "exp_", "expm1")


@trap(
    "logarithm of zero",
    _NUMERICAL,
    lambda line: _(
        "`log` on line {line} receives a 0 because a tiny probability was rounded to 0 before. "
        "`log_softmax`, `logsigmoid` and `logsumexp` compute logarithm and exponential together, "
        "so that 0 never occurs.",
        line=line,
    ),
)
def logarithm_of_zero(failure: Failure) -> Details | None:
    """Match a first infinity that `log` returns, after an exponential."""
    ops = [step.op for step in failure.steps]
    small = "log" in ops and any(op in _MAKES_SMALL for op in ops[: ops.index("log")])
    return _first_from(failure, "inf", "log") if small else None


@trap(
    "squares overflow",
    _NUMERICAL,
    lambda line: _(
        "The squares on line {line} overflow the dtype although the result would not. Divide by "
        "the largest magnitude first, and multiply by it at the end.",
        line=line,
    ),
)
def squares_overflow(failure: Failure) -> Details | None:
    """Match a first infinity that a square returns."""
    if any(step.new_nonfinite for step in failure.reference_steps):
        return None
    step = failure.first_nonfinite("inf")
    if step is None or step.op not in ("pow", "square", "mul", "linalg_vector_norm", "dot"):
        return None
    return {"line": step.line} if re.search(_SQUARES, failure.code.line(step.line)) else None


@trap(
    "zero divided by zero",
    _NUMERICAL,
    lambda line: _(
        "The division on line {line} divides 0 by 0 (or infinity by infinity), which is nan. Use "
        "`torch.where` to replace the denominator before dividing, and to insert the right result "
        "afterward.",
        line=line,
    ),
)
def zero_divided_by_zero(failure: Failure) -> Details | None:
    """Match a first nan that a division returns, unless all exponentials became 0."""
    nonfinite = any(step.new_nonfinite for step in failure.reference_steps)
    if nonfinite or any(failure.steps_of("exp", "exp_")):
        return None
    return _first_from(failure, "nan", "div", "div_", "true_divide")


@trap(
    "zero times infinity",
    _NUMERICAL,
    lambda line: _(
        "0 times infinity is nan, so the product on line {line} does not remove infinite values. "
        "`torch.where` and `masked_fill` select values without computing with them.",
        line=line,
    ),
)
def zero_times_infinity(failure: Failure) -> Details | None:
    """Match a first nan that a product returns."""
    if any(step.new_nonfinite == "nan" for step in failure.reference_steps):
        return None
    return _first_from(failure, "nan", "mul", "mul_")


@trap(
    "mean of squares",
    "stability values",
    lambda line: _(
        "The mean of squares minus the square of the mean, on line {line}, subtracts two large "
        "numbers that are almost equal, so mostly their rounding errors remain. Subtract the mean "
        "first, then square.",
        line=line,
    ),
)
def mean_of_squares(failure: Failure) -> Details | None:
    """Match E[x^2] - E[x]^2."""
    line = failure.code.find(r"mean\([^-]*\)\s*-\s*.*mean\(.*\)\s*(?:\*\*\s*2|\.square\(|\.pow\(2)")
    return {"line": line} if line and failure.axis == "stability" else None


@trap(
    "squares that cancel",
    "stability",
    lambda line: _(
        "|a|^2 + |b|^2 - 2ab on line {line} subtracts large numbers that are almost equal if the "
        "points are far from 0. Subtract their common mean from all points first.",
        line=line,
    ),
)
def squares_that_cancel(failure: Failure) -> Details | None:
    """Match distances of far points by the binomial formula."""
    product = next(failure.steps_of("mm", "addmm", "matmul", "bmm", "baddbmm"), None)
    line = failure.code.find(r"- 2 \* .*@|alpha=-2|-2 \* .*@")
    if failure.code.find(r"\.mean\("):  # the points are centered already
        return None
    return {"line": line} if line and product is not None and product.line == line else None


@trap(
    "finite differences",
    "values stability dtype gradient",
    lambda line, name: _(
        "Line {line} approximates the derivative of `{name}` by a difference of two values. That "
        "loses half of the digits; autograd computes the derivative exactly.",
        line=line,
        name=name,
    ),
)
def finite_differences(failure: Failure) -> Details | None:
    """Match a function, passed as an argument, that is called at x + h and subtracted."""
    parameters = failure.tree.parameters()
    for node in failure.tree.nodes:
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)):
            continue
        calls = [
            part
            for part in ast.walk(node)
            if isinstance(part, ast.Call) and last_name(part.func) in parameters and part.args
        ]
        if len(calls) >= _OPERANDS and any(isinstance(c.args[0], ast.BinOp) for c in calls):
            return {"line": node.lineno, "name": last_name(calls[0].func)}
    return None


@trap(
    "number added before a logarithm",
    "values stability gradient dtype",
    lambda line, amount, bound: _(
        "`{amount}` on line {line} keeps the logarithm from being smaller than {bound:.1f}, so the "
        "result is wrong where it should be. `log_softmax`, `logsigmoid` and `logsumexp` need no "
        "such number.",
        line=line,
        amount=amount,
        bound=bound,
    ),
)
def number_before_a_logarithm(failure: Failure) -> Details | None:
    """Match `log(p + 1e-12)` and `log(p.clamp(min=1e-12))`."""
    for call in failure.tree.calls("log", "log_", "log2", "log10"):
        for part in ast.walk(call):
            number = part.value if isinstance(part, ast.Constant) else None
            if isinstance(number, float) and 0 < number < _TINY:
                line = getattr(part, "lineno", 0)
                return {"line": line, "amount": ast.unparse(part), "bound": math.log(number)}
    return None


@trap(
    "clamped inputs",
    "stability",
    lambda line, call: _(
        "`{call}` on line {line} makes inputs equal that are not, as soon as they lie beyond its "
        "bounds.",
        line=line,
        call=call,
    ),
)
def clamped_inputs(failure: Failure) -> Details | None:
    """Match a clamp between constants where the reference does not clamp."""
    if failure.reference_uses("clamp", "clamp_", "clamp_min", "clamp_max") or failure.nonfinite:
        return None
    used = {step.line for step in failure.steps_of("clamp", "clamp_", "clamp_min", "clamp_max")}
    for call in failure.tree.calls("clamp", "clip", "clamp_", "clamp_min", "clamp_max"):
        if line_of(call) in used:
            return {"line": line_of(call), "call": last_name(call.func)}
    return None


@trap(
    "first nan or infinity",
    _NUMERICAL,
    lambda line, op, fault: _(
        "`{op}` on line {line} is the first operation with a result that is {fault}.",
        line=line,
        op=op,
        fault=fault,
    ),
)
def first_nan_or_infinity(failure: Failure) -> Details | None:
    """Match any first nan or infinity, unless the reference has one too."""
    fault = failure.facts.get("fault")
    if any(step.new_nonfinite for step in failure.reference_steps) or not fault:
        return None
    step = next((step for step in failure.steps if step.new_nonfinite), None)
    if step is None or not step.line:
        return None
    return {"line": step.line, "op": spelling(step.op), "fault": step.new_nonfinite}


def _first_from(failure: Failure, fault: str, *ops: str) -> Details | None:
    """Return the line of the first nan or infinity if one of these ops returned it."""
    step = failure.first_nonfinite(fault)
    return {"line": step.line} if step is not None and step.op in ops else None


TRAPS: Final[tuple[Trap, ...]] = (
    exp_overflows,
    logarithm_of_zero,
    squares_overflow,
    mean_of_squares,
    squares_that_cancel,
    finite_differences,
    number_before_a_logarithm,
    clamped_inputs,
)

SYMPTOMS: Final[tuple[Trap, ...]] = (
    zero_divided_by_zero,
    zero_times_infinity,
    first_nan_or_infinity,
)
"""Traps that name the operation whose result is not finite, for want of the mistake."""
