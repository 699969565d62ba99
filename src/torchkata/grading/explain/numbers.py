"""Known traps of numbers: overflow, cancellation, gradients that are nan or do not flow."""

from __future__ import annotations

import re

from torchkata.grading.explain.failure import Found, Row, Symptom, row
from torchkata.i18n import _

_SMALL = {"exp", "exp_", "_softmax", "sigmoid", "softmax"}
_JUDGED = "stability values gradient device dtype"


@row(
    "exp overflows",
    _JUDGED,
    lambda line: _(
        "`exp` in line {line} leaves the range of float32 from 89 on. Softmax and logsumexp "
        "subtract the largest value first, which changes nothing and leaves no exponent above 0; "
        "softplus and logsigmoid see to it by themselves.",
        line=line,
    ),
)
def exp_overflows(symptom: Symptom) -> Found | None:
    """The first infinity comes out of exp."""
    return _first(symptom, "inf", "exp", "exp_", "expm1")


@row(
    "logarithm of zero",
    _JUDGED,
    lambda line: _(
        "`log` in line {line} gets a 0: a probability that small was rounded away before. "
        "`log_softmax`, `logsigmoid` and `logsumexp` compute logarithm and exponential together, "
        "and never make it.",
        line=line,
    ),
)
def logarithm_of_zero(symptom: Symptom) -> Found | None:
    """The first infinity comes out of log, after something exponential."""
    done = [step.op for step in symptom.steps]
    small = [op for op in done[: done.index("log")] if op in _SMALL] if "log" in done else []
    return _first(symptom, "inf", "log") if small else None


@row(
    "squares overflow",
    _JUDGED,
    lambda line: _(
        "The squares in line {line} leave the range of the dtype though the result would not: "
        "divide by the largest magnitude first, and multiply by it in the end.",
        line=line,
    ),
)
def squares_overflow(symptom: Symptom) -> Found | None:
    """The first infinity comes out of a square."""
    found = _first(symptom, "inf", "pow", "square", "mul", "linalg_vector_norm", "dot")
    if found is None or any(step.first for step in symptom.theirs):
        return None
    squares = r"\*\*\s*2|square\(|norm\(|(\w+)\s*\*\s*\1\b|pow\("
    return found if re.search(squares, symptom.code.line(int(str(found["line"])))) else None


@row(
    "zero by zero",
    _JUDGED,
    lambda line: _(
        "The division in line {line} divides 0 by 0 (or infinity by infinity), which is nan: put "
        "another number below with `torch.where` before dividing, and the right result in after.",
        line=line,
    ),
)
def zero_by_zero(symptom: Symptom) -> Found | None:
    """The first nan comes out of a division, not of exponentials that have all become 0."""
    if any(step.first for step in symptom.theirs) or any(symptom.doing("exp", "exp_")):
        return None
    return _first(symptom, "nan", "div", "div_", "true_divide")


@row(
    "zero times infinity",
    _JUDGED,
    lambda line: _(
        "0 times infinity is nan, so the product in line {line} does not take out what is "
        "infinite: `torch.where` or `masked_fill` choose without computing with it.",
        line=line,
    ),
)
def zero_times_infinity(symptom: Symptom) -> Found | None:
    """The first nan comes out of a product."""
    if any(step.first == "nan" for step in symptom.theirs):
        return None
    return _first(symptom, "nan", "mul", "mul_")


@row(
    "where with nan",
    "gradient stability",
    lambda line: _(
        "`torch.where` in line {line} hides the bad values from the result, not from the gradient: "
        "backward goes through both sides, and 0 times infinity is nan. Choose harmless numbers "
        "before the dangerous operation, too.",
        line=line,
    ),
)
def where_with_nan(symptom: Symptom) -> Found | None:
    """Nan gradients though the values are sound, with a choice in the forward."""
    chosen = next(symptom.doing("where", "masked_fill"), None)
    roots = any(step.zero for step in symptom.doing(*_ROOTS)) or any(s.first for s in symptom.steps)
    wrong = symptom.axis == "gradient" and symptom.facts.get("fault") == "nan"
    return {"line": chosen.line} if chosen is not None and wrong and roots else None


_ROOTS = ("sqrt", "rsqrt", "linalg_vector_norm", "hypot", "norm")


@row(
    "root at zero",
    "gradient",
    lambda line: _(
        "The square root in line {line} has an infinite slope at 0, and a gradient that passes "
        "there becomes nan: keep 0 away from it (`torch.where` before the root, not after).",
        line=line,
    ),
)
def root_at_zero(symptom: Symptom) -> Found | None:
    """A root of 0 in a gradient that is not finite."""
    roots = ("sqrt", "rsqrt", "hypot")  # `linalg_vector_norm` has the gradient 0 there
    step = next((step for step in symptom.doing(*roots) if step.zero), None)
    if step is None or symptom.kind or symptom.facts.get("fault", "nan") != "nan":
        return None
    return {"line": step.line}


@row(
    "mean of squares",
    "stability values",
    lambda line: _(
        "The mean of squares less the square of the mean, in line {line}, subtracts two large "
        "numbers of nearly the same size, and what is left is their rounding: subtract the mean "
        "first, then square.",
        line=line,
    ),
)
def mean_of_squares(symptom: Symptom) -> Found | None:
    """E[x^2] - E[x]^2."""
    line = symptom.code.find(r"mean\([^-]*\)\s*-\s*.*mean\(.*\)\s*(?:\*\*\s*2|\.square\(|\.pow\(2)")
    return {"line": line} if line and symptom.axis == "stability" else None


@row(
    "squares that cancel",
    "stability",
    lambda line: _(
        "|a|^2 + |b|^2 - 2ab in line {line} subtracts large numbers of nearly the same size where "
        "the points lie far from 0: move all of them by their common mean first.",
        line=line,
    ),
)
def squares_that_cancel(symptom: Symptom) -> Found | None:
    """The distances of far points by the binomial formula, or by the library's default."""
    product = next(symptom.doing("mm", "addmm", "matmul", "bmm", "baddbmm"), None)
    line = symptom.code.find(r"- 2 \* .*@|alpha=-2|-2 \* .*@")
    if symptom.code.find(r"\.mean\("):  # moved already
        return None
    return {"line": line} if line and product is not None and product.line == line else None


@row(
    "gradient is cut",
    "gradient device",
    lambda line, call: _(
        "{call} in line {line} takes the numbers out of the graph, so no gradient can come back "
        "through it: stay with tensor operations there.",
        line=line,
        call=f"`{call}`",
    ),
)
def gradient_is_cut(symptom: Symptom) -> Found | None:
    """No gradient arrives, and one of the words that end a graph stands in the code."""
    if symptom.facts.get("gradient") != "none":
        return None
    for pattern, call in _CUTS:
        line = symptom.code.find(pattern)
        if line:
            return {"line": line, "call": call}
    return None


_CUTS = (
    (r"\.numpy\(", ".numpy()"),
    (r"\.tolist\(\)", ".tolist()"),
    (r"\.item\(\)", ".item()"),
    (r"\.detach\(\)", ".detach()"),
    (r"\.data\b", ".data"),
    (r"torch\.no_grad\(", "torch.no_grad()"),
    (r"torch\.tensor\((?!\s*[\[\d])", "torch.tensor(...)"),
    (r"\bfloat\(", "float(...)"),
)


def _first(symptom: Symptom, fault: str, *ops: str) -> Found | None:
    step = symptom.begins(fault)
    return {"line": step.line} if step is not None and step.op in ops else None


ROWS: tuple[Row, ...] = (
    where_with_nan,
    root_at_zero,
    exp_overflows,
    logarithm_of_zero,
    squares_overflow,
    zero_by_zero,
    zero_times_infinity,
    mean_of_squares,
    squares_that_cancel,
    gradient_is_cut,
)
