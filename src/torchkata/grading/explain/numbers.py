"""Known numerical traps: overflow, cancellation, gradients that are nan or do not flow."""

from __future__ import annotations

import re
from typing import Final

from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.i18n import _

_NUMERICAL: Final = "stability values gradient device dtype"
_MAKES_SMALL: Final = {"exp", "exp_", "_softmax", "sigmoid", "softmax"}
_SQUARES: Final = r"\*\*\s*2|square\(|norm\(|(\w+)\s*\*\s*\1\b|pow\("
_ROOTS: Final = ("sqrt", "rsqrt", "hypot")
_NORMS: Final = ("linalg_vector_norm", "norm")
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
    "nan behind torch.where",
    "gradient stability",
    lambda line: _(
        "`torch.where` on line {line} hides the bad values from the result, not from the gradient: "
        "backward goes through both branches, and 0 times infinity is nan. Select harmless inputs "
        "before the dangerous operation, too.",
        line=line,
    ),
)
def nan_behind_where(failure: Failure) -> Details | None:
    """Match nan gradients of a finite result if the forward pass selects values."""
    selected = next(failure.steps_of("where", "masked_fill"), None)
    root_of_zero = any(step.zero_input for step in failure.steps_of(*_ROOTS, *_NORMS))
    dangerous = root_of_zero or any(step.new_nonfinite for step in failure.steps)
    nan_gradient = failure.axis == "gradient" and failure.facts.get("fault") == "nan"
    if selected is None or not nan_gradient or not dangerous:
        return None
    return {"line": selected.line}


@trap(
    "square root at zero",
    "gradient",
    lambda line: _(
        "The square root on line {line} has an infinite derivative at 0, and a gradient through it "
        "becomes nan. Keep 0 away from it (`torch.where` before the root, not after it).",
        line=line,
    ),
)
def root_at_zero(failure: Failure) -> Details | None:
    """Match a root of 0 if the gradient is not finite."""
    # Not the norms: PyTorch defines their gradient at 0 as 0.
    step = next((step for step in failure.steps_of(*_ROOTS) if step.zero_input), None)
    if step is None or failure.exception or failure.facts.get("fault", "nan") != "nan":
        return None
    return {"line": step.line}


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


def _first_from(failure: Failure, fault: str, *ops: str) -> Details | None:
    """Return the line of the first nan or infinity if one of these ops returned it."""
    step = failure.first_nonfinite(fault)
    return {"line": step.line} if step is not None and step.op in ops else None


TRAPS: Final[tuple[Trap, ...]] = (
    nan_behind_where,
    root_at_zero,
    exp_overflows,
    logarithm_of_zero,
    squares_overflow,
    zero_divided_by_zero,
    zero_times_infinity,
    mean_of_squares,
    squares_that_cancel,
    gradient_is_cut_off,
)
