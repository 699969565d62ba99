"""Known traps of shape: dims that are lost, kept or aligned wrongly."""

from __future__ import annotations

import re
from typing import Final

from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.grading.explain.tree import last_name, line_of
from torchkata.i18n import _

_OPERANDS: Final = 2


@trap(
    "squeeze without a dim",
    "shape contract values",
    lambda line: _(
        "`squeeze()` on line {line} removes every dim of size 1, including a batch of one. Name "
        "the dim to remove, as in `squeeze(-1)`.",
        line=line,
    ),
)
def squeeze_without_a_dim(failure: Failure) -> Details | None:
    """Match a `squeeze()` that removes more dims than the reference does."""
    for step in failure.steps_of("squeeze"):
        text = failure.code.line(step.line)
        bare = re.search(r"\.squeeze\(\s*\)|torch\.squeeze\(\s*\w+\s*\)", text)
        if not bare or step.output_shape is None:
            continue
        if len(step.input_shapes[0]) - len(step.output_shape) > 1 or _has_too_few_dims(failure):
            return {"line": step.line}
    return None


def _has_too_few_dims(failure: Failure) -> bool:
    if failure.shapes is None:
        return False
    got, expected = failure.shapes
    return len(got) < len(expected)


@trap(
    "unintended broadcasting",
    "shape values gradient contract device",
    lambda line, op, first, second, result: _(
        "`{op}` on line {line} combines {first} with {second}, and broadcasting pairs each element "
        "with each other one, a table of {result}. Bring both to the same shape first.",
        line=line,
        op=op,
        first=first,
        second=second,
        result=result,
    ),
)
def unintended_broadcasting(failure: Failure) -> Details | None:
    """Match [n, 1] combined with [n], which the reference never does."""
    by_reference = {(step.op, step.output_shape) for step in failure.reference_steps}
    for step in failure.steps_of("sub", "mul", "add", "div", "mse_loss"):
        shapes = [shape for shape in step.input_shapes if shape]
        known = (step.op, step.output_shape) in by_reference
        if len(shapes) != _OPERANDS or known or step.output_shape is None:
            continue
        column, vector = max(shapes, key=len), min(shapes, key=len)
        if len(vector) == 1 and column == (vector[0], 1) and vector[0] > 1:
            return {
                "line": step.line,
                "op": step.op,
                "first": list(shapes[0]),
                "second": list(shapes[1]),
                "result": list(step.output_shape),
            }
    return None


@trap(
    "unwanted keepdim",
    "shape",
    lambda line: _(
        "`keepdim=True` on line {line} leaves a dim of size 1 in place of the reduced one. Remove "
        "the argument, or `squeeze` that dim.",
        line=line,
    ),
)
def unwanted_keepdim(failure: Failure) -> Details | None:
    """Match a result that has the dim of size 1 that `keepdim` keeps."""
    line = failure.code.find(r"keepdim\s*=\s*True")
    if not line or failure.shapes is None:
        return None
    got, expected = failure.shapes
    if len(got) != len(expected) + 1:
        return None
    extra = any(got[:i] + got[i + 1 :] == expected for i, n in enumerate(got) if n == 1)
    return {"line": line} if extra else None


@trap(
    "loss of two shapes",
    "shape values gradient contract device dtype",
    lambda line, call, shape: _(
        "`{call}` on line {line} receives two shapes, and broadcasting pairs each element with "
        "each other one, a table of {shape}. Bring both to the same shape first.",
        line=line,
        call=call,
        shape=shape,
    ),
)
def loss_of_two_shapes(failure: Failure) -> Details | None:
    """Match a loss function of PyTorch that broadcasts a column against a vector."""
    expanded = {step.line: step.output_shape for step in failure.steps_of("expand")}
    for call in failure.tree.calls("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        shape = expanded.get(call.lineno)
        if shape is not None and len(shape) == _OPERANDS and shape[0] == shape[1]:
            return {"line": call.lineno, "call": last_name(call.func), "shape": list(shape)}
    return None


@trap(
    "reshape for transpose",
    "values",
    lambda line, call: _(
        "`{call}` on line {line} keeps the order of the numbers in memory, so it cannot swap two "
        "dims. `transpose` and `permute` do.",
        line=line,
        call=call,
    ),
)
def reshape_for_transpose(failure: Failure) -> Details | None:
    """Match the right numbers in the order of swapped dims, if the code reshapes."""
    if failure.finding != "reshaped":
        return None
    call = next(failure.tree.calls("reshape", "view", "reshape_as", "view_as"), None)
    return {"line": line_of(call), "call": last_name(call.func)} if call is not None else None


TRAPS: Final[tuple[Trap, ...]] = (
    squeeze_without_a_dim,
    unintended_broadcasting,
    unwanted_keepdim,
    loss_of_two_shapes,
    reshape_for_transpose,
)
