"""Known causes of a wrong dtype, and of digits that are lost: the operation that changes it."""

from __future__ import annotations

import ast
from typing import Final

from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.grading.explain.tree import first_name, last_name
from torchkata.i18n import _
from torchkata.i18n.op_names import spelling
from torchkata.worker.meters.trace import Step

_CONVERSIONS: Final = (
    "float", "double", "half", "bfloat16", "long", "int", "short", "to", "type", "type_as",
)  # fmt: skip
_TYPED: Final = ("Tensor", "FloatTensor", "DoubleTensor", "LongTensor", "HalfTensor")
_DIGITS: Final = {"float64": 16, "float32": 7, "float16": 3, "bfloat16": 2}
_LONG: Final = 1000  # values of a running sum
_QUOTIENTS: Final = ("div", "true_divide", "mean")


@trap(
    "torch.Tensor",
    "dtype values shape",
    lambda line, call: _(
        "`torch.{call}(...)` on line {line} always creates the same dtype, whatever the values. "
        "`torch.tensor(...)` (lowercase) keeps the dtype of the values: integers give int64.",
        line=line,
        call=call,
    ),
)
def typed_constructor(failure: Failure) -> Details | None:
    """Match `torch.Tensor([...])`, if the dtype is wrong."""
    if failure.facts.get("got_dtype") == failure.facts.get("expected_dtype"):
        return None
    for call in failure.tree.calls(*_TYPED):
        sizes = all(isinstance(argument, ast.Constant) for argument in call.args)
        if first_name(call.func) == "torch" and not sizes:
            return {"line": call.lineno, "call": last_name(call.func)}
    return None


@trap(
    "default dtype changed",
    "dtype values contract",
    lambda line: _(
        "`torch.set_default_dtype` on line {line} changes the dtype of every new tensor, here and "
        "in the caller's code. Pass `dtype=` where a tensor is created instead.",
        line=line,
    ),
)
def default_dtype_changed(failure: Failure) -> Details | None:
    """Match a call of `set_default_dtype` in the file."""
    for node in ast.walk(failure.tree.whole):
        if isinstance(node, ast.Call) and last_name(node.func) == "set_default_dtype":
            return {"line": node.lineno}
    return None


@trap(
    "NumPy's float64",
    "dtype",
    lambda line: _(
        "The array on line {line} is float64, NumPy's default, and the tensor made from it keeps "
        "that dtype.",
        line=line,
    ),
)
def float64_of_numpy(failure: Failure) -> Details | None:
    """Match a float64 tensor that comes from an array of NumPy."""
    if failure.facts.get("got_dtype") != "float64":
        return None
    for step in failure.steps_of("lift_fresh", "_to_copy", "detach"):
        if step.output_dtype == "float64" and not {"float64"} & {*step.input_dtypes[1:]}:
            named = any(
                first_name(node) in ("np", "numpy") or last_name(node) == "from_numpy"
                for node in failure.tree.nodes
                if isinstance(node, ast.Attribute) and node.lineno == step.line
            )
            if named:
                return {"line": step.line}
    return None


@trap(
    "dtype converted",
    "dtype",
    lambda line, call, dtype: _(
        "`{call}` on line {line} converts to {dtype}, whatever the dtype of the inputs.",
        line=line,
        call=call,
        dtype=dtype,
    ),
)
def converted(failure: Failure) -> Details | None:
    """Match an explicit conversion to the dtype that the result should not have."""
    step = _change(failure)
    if step is None or step.op != "_to_copy":
        return None
    for call in failure.tree.calls(*_CONVERSIONS):
        if isinstance(call.func, ast.Attribute) and step.line in (call.lineno, call.end_lineno):
            arguments = ", ".join(ast.unparse(each) for each in (*call.args,))
            return {
                "line": step.line,
                "call": f".{call.func.attr}({arguments})",
                "dtype": step.output_dtype,
            }
    return None


@trap(
    "quotient of integers",
    "dtype",
    lambda line, op, dtype: _(
        "`{op}` on line {line} returns {dtype} for integers. `//` keeps integers.",
        line=line,
        op=op,
        dtype=dtype,
    ),
)
def quotient_of_integers(failure: Failure) -> Details | None:
    """Match `/` and `mean` of integers."""
    step = _change(failure)
    if step is None or step.op not in _QUOTIENTS or not step.output_dtype.startswith("float"):
        return None
    op = "mean" if step.op == "mean" else "/"
    return {"line": step.line, "op": op, "dtype": step.output_dtype}


@trap(
    "dtype changes",
    "dtype",
    lambda line, op, inputs, dtype: _(
        "The dtype changes on line {line}: `{op}` returns {dtype} for {inputs}.",
        line=line,
        op=op,
        inputs=inputs,
        dtype=dtype,
    ),
)
def dtype_changes(failure: Failure) -> Details | None:
    """Match the operation after which a tensor has the dtype of the wrong result."""
    step = _change(failure)
    if step is None:
        return None
    inputs = " and ".join(dict.fromkeys(step.input_dtypes))
    return {
        "line": step.line, "op": spelling(step.op), "inputs": inputs, "dtype": step.output_dtype
    }  # fmt: skip


def _change(failure: Failure) -> Step | None:
    """Return the first step that returns the wrong dtype for inputs of which none has it alone."""
    got, expected = failure.facts.get("got_dtype"), failure.facts.get("expected_dtype")
    if not got or got == expected:
        return None
    return next(
        (
            step
            for step in failure.steps
            if step.line and step.output_dtype == got and {*step.input_dtypes} - {got}
        ),
        None,
    )


@trap(
    "lower precision on the way",
    "values stability dtype gradient",
    lambda line, dtype, digits: _(
        "Line {line} computes in {dtype}, which keeps about {digits} digits. The digits that it "
        "loses do not come back in a wider dtype.",
        line=line,
        dtype=dtype,
        digits=digits,
    ),
)
def lower_precision(failure: Failure) -> Details | None:
    """Match a step with fewer digits than the result, if the result has lost digits."""
    if failure.finding != "low-precision":
        return None
    expected = _DIGITS.get(str(failure.facts.get("expected_dtype")), 0)
    used = {_DIGITS.get(step.output_dtype, expected) for step in failure.reference_steps}
    for step in failure.steps:
        digits = _DIGITS.get(step.output_dtype, expected)
        if step.line and digits < expected and digits not in used:
            return {"line": step.line, "dtype": step.output_dtype, "digits": digits}
    return None


@trap(
    "long running sum in float32",
    "values stability",
    lambda line, count, digits, dtype: _(
        "`cumsum` on line {line} adds up {count:,} numbers in {dtype}, which keeps {digits} "
        "digits. The sums grow, and the difference of two of them keeps fewer. Sum in float64, or "
        "without sums that grow.",
        line=line,
        count=count,
        digits=digits,
        dtype=dtype,
    ),
)
def long_running_sum(failure: Failure) -> Details | None:
    """Match `cumsum` of many numbers in a dtype of few digits, unless the reference does that."""
    for step in failure.steps_of("cumsum", "cumsum_"):
        longest = max((size for shape in step.input_shapes for size in shape), default=0)
        digits = _DIGITS.get(step.output_dtype, 0)
        known = any(
            other.op.startswith("cumsum") and other.output_dtype == step.output_dtype
            for other in failure.reference_steps
        )
        if longest >= _LONG and 0 < digits < _DIGITS["float64"] and not known:
            return {
                "line": step.line,
                "count": longest,
                "digits": digits,
                "dtype": step.output_dtype,
            }
    return None


TRAPS: Final[tuple[Trap, ...]] = (
    typed_constructor,
    default_dtype_changed,
    float64_of_numpy,
    long_running_sum,
    lower_precision,
)
CHANGES: Final[tuple[Trap, ...]] = (converted, quotient_of_integers)
"""Calls that change the dtype: tried after the traps that create tensors of another dtype."""
