"""Known traps that cost memory: large intermediates and copies."""

from __future__ import annotations

from math import prod
from typing import Final

from torchkata.grading.explain.failure import ONE_PASS_OPS, Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.i18n import _

_OPERANDS: Final = 2
_MUCH_LARGER: Final = 4
_MANY: Final = 8  # times in one line


@trap(
    "one-hot table",
    "memory speed ops",
    lambda line: _(
        "Line {line} creates a table with a column for each label, almost all zeros, to pick one "
        "entry per row. Indexing does that without the table (`index_add_`, `gather`, `bincount`).",
        line=line,
    ),
)
def one_hot_table(failure: Failure) -> Details | None:
    """Match `one_hot`, and labels compared with all classes at once."""
    for line in failure.code.all(r"\bone_hot\("):
        steps = [s for s in failure.steps if s.line == line and s.op in ("scatter_", "scatter")]
        if steps and steps[0].output_shape is not None:
            return {"line": line}
    if not failure.reference_uses(*ONE_PASS_OPS):
        return None
    for step in failure.steps_of("eq"):
        operands = [shape for shape in step.input_shapes if prod(shape) > 1]
        if not step.output_shape or len(operands) != _OPERANDS:
            continue
        if prod(step.output_shape) == prod(map(prod, operands)):
            return {"line": step.line}
    return None


@trap(
    "copies instead of broadcasting",
    "memory speed",
    lambda line, op: _(
        "`{op}` on line {line} writes the same numbers many times. Broadcasting reads them where "
        "they are: a dim of size 1 (`x[:, None]`, `unsqueeze`) is repeated for free.",
        line=line,
        op=op,
    ),
)
def copies_instead_of_broadcasting(failure: Failure) -> Details | None:
    """Match `repeat`, `tile`, and an expanded tensor that is written out."""
    step = next((step for step in failure.extra_steps_of("repeat") if step.output_shape), None)
    if step is None:
        for copy in failure.extra_steps_of("clone"):
            if ".expand" in failure.code.line(copy.line):
                return {"line": copy.line, "op": "expand(...).clone()"}
        return None
    text = failure.code.line(step.line)
    op = next((name for name in ("tile", "repeat") if name in text), step.op)
    return {"line": step.line, "op": op}


@trap(
    "large intermediate",
    "memory",
    lambda line, op, shape: _(
        "`{op}` on line {line} creates a tensor of shape {shape}, much larger than its operands "
        "and than the result. A matrix product, or a different order of summation, avoids it.",
        line=line,
        op=op,
        shape=shape,
    ),
)
def large_intermediate(failure: Failure) -> Details | None:
    """Match a broadcast result that is far larger than its operands, and then summed."""
    sizes = [
        prod(step.output_shape) for step in failure.reference_steps if step.output_shape is not None
    ]
    largest = max(sizes, default=0)
    for step in failure.steps_of("sub", "mul", "add", "div", "eq"):
        operands = [prod(shape) for shape in step.input_shapes]
        if step.output_shape is None or len(operands) < _OPERANDS:
            continue
        size = prod(step.output_shape)
        if size >= _MUCH_LARGER * max(operands) and size >= _MUCH_LARGER * largest > 0:
            return {"line": step.line, "op": step.op, "shape": list(step.output_shape)}
    return None


@trap(
    "unnecessary copy",
    "ops memory",
    lambda line, op: _(
        "`{op}` on line {line} copies every number. The operation before or after it gives the "
        "same values without the copy.",
        line=line,
        op=op,
    ),
)
def unnecessary_copy(failure: Failure) -> Details | None:
    """Match an explicit copy that the reference does not make."""
    step = next(failure.extra_steps_of("clone"), None)
    in_a_loop = failure.most_repeated()[2] >= _MANY  # then the loop is what costs
    if step is None or in_a_loop:
        return None
    text = failure.code.line(step.line)
    op = next((name for name in ("clone", "contiguous") if f".{name}(" in text), "")
    return {"line": step.line, "op": op} if op else None


TRAPS: Final[tuple[Trap, ...]] = (
    one_hot_table,
    copies_instead_of_broadcasting,
    large_intermediate,
    unnecessary_copy,
)
