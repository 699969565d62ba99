"""Known traps that cost time: host synchronizations, loops in Python."""

from __future__ import annotations

import ast
from collections import Counter
from math import prod
from typing import Final

from torchkata.grading.explain.failure import ONE_PASS_OPS, Failure, most_frequent_line
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.grading.explain.tree import lines_of
from torchkata.i18n import _
from torchkata.worker.meters.trace import Step

_MANY: Final = 8  # times in one line: more than anybody writes out by hand
_MANY_SYNCS: Final = 4
_COSTS: Final = "ops memory speed"
_MUCH_MORE: Final = 3  # times as many as the reference
_DYNAMIC_SHAPES: Final = {"boolean mask", "nonzero", "masked_select", "unique"}
_READS: Final = {"item", "tolist", "numpy", "float", "int"}


@trap(
    "host sync in a loop",
    "ops speed",
    lambda line: _(
        "Line {line} reads a value from the device in every iteration of a loop, and each time the "
        "CPU waits until the device has finished all queued work. Keep tensors, and read once, "
        "after the loop.",
        line=line,
    ),
)
def host_sync_in_a_loop(failure: Failure) -> Details | None:
    """Match a line that reads from the device again and again."""
    counts = Counter(line for _op, line in failure.host_syncs if line)
    line, count = counts.most_common(1)[0] if counts else (0, 0)
    return {"line": line} if count >= _MANY_SYNCS and failure.tree.has_loop(line) else None


@trap(
    "branch on a tensor",
    "ops",
    lambda line: _(
        "`if` and `while` need a Python bool, so on line {line} the CPU waits for the device (and "
        "a compiler's graph breaks there). `torch.where` selects on the device, element by "
        "element.",
        line=line,
    ),
)
def branch_on_a_tensor(failure: Failure) -> Details | None:
    """Match a bool that is read from the device."""
    line = next((line for op, line in failure.host_syncs if op == "bool" and line), 0)
    return {"line": line} if line else None


@trap(
    "data-dependent shape",
    "ops",
    lambda line, op: _(
        "The size of the result of line {line} depends on values ({op}), so the CPU has to wait "
        "for them. `torch.where` and `masked_fill` keep the shape.",
        line=line,
        op=op,
    ),
)
def data_dependent_shape(failure: Failure) -> Details | None:
    """Match a boolean mask as an index, `nonzero` and `unique`."""
    return _first_sync(failure, _DYNAMIC_SHAPES)


@trap(
    "host sync",
    "ops",
    lambda line, op: _(
        "`{op}` on line {line} copies values of the tensor to the CPU, which waits for them, and a "
        "compiler cannot trace it. Use tensor operations for everything that depends on values.",
        line=line,
        op=op,
    ),
)
def host_sync(failure: Failure) -> Details | None:
    """Match a value that is read once."""
    return _first_sync(failure, _READS)


def _first_sync(failure: Failure, ops: set[str]) -> Details | None:
    return next(
        ({"line": line, "op": op} for op, line in failure.host_syncs if op in ops and line), None
    )


@trap(
    "concatenation in a loop",
    _COSTS,
    lambda line: _(
        "Line {line} concatenates in every iteration of a loop, and each time it copies everything "
        "collected so far. Collect the parts in a list and join them once, after the loop.",
        line=line,
    ),
)
def concatenation_in_a_loop(failure: Failure) -> Details | None:
    """Match a `cat` or `stack` whose result grows with every iteration."""
    by_line: dict[int, list[Step]] = {}
    for step in failure.steps_of("cat", "stack", "hstack", "vstack"):
        by_line.setdefault(step.line, []).append(step)
    for line, steps in by_line.items():
        count = sum(step.count for step in steps)
        sizes = {prod(step.output_shape or ()) for step in steps}
        if count >= _MANY and len(sizes) >= _MANY:
            return {"line": line}
    return None


@trap(
    "element by element",
    "ops speed",
    lambda line: _(
        "Line {line} handles the numbers one by one (`for v in x.tolist()`, `x[i].item()`, "
        "`if x[i]`). Each of them costs a call from Python, as much as one operation on the whole "
        "tensor.",
        line=line,
    ),
)
def element_by_element(failure: Failure) -> Details | None:
    """Match values that are read in a loop, on the CPU."""
    listed = failure.code.find(r"\bfor \w+ in [\w.()\[\], ]+\.tolist\(\)")
    if listed and not any(step.line in _loop_lines(failure, listed) for step in failure.steps):
        return {"line": listed}
    line, count = most_frequent_line(failure.steps_of("_local_scalar_dense"))
    return {"line": line} if count >= _MANY else None


def _loop_lines(failure: Failure, line: int) -> range:
    """Return the lines of the body of the loop that starts on a line."""
    for node in failure.tree.nodes:
        if isinstance(node, ast.For) and node.lineno == line:
            return range(line + 1, lines_of(node).stop)
    return range(0)


@trap(
    "indexing in a loop",
    _COSTS,
    lambda line: _(
        "`x[i]` on line {line} is a separate operation in every iteration of the loop. `for row in "
        "x`, which is `x.unbind(0)`, returns all rows with a single operation.",
        line=line,
    ),
)
def indexing_in_a_loop(failure: Failure) -> Details | None:
    """Match rows that are selected one by one where the reference unbinds them."""
    if not failure.reference_uses("unbind"):
        return None
    line, count = most_frequent_line(failure.extra_steps_of("select", "slice"))
    return {"line": line} if count >= _MANY else None


@trap(
    "mask in a loop",
    _COSTS,
    lambda line: _(
        "Line {line} compares every element with every label. A single pass that sends each "
        "element to its place (`index_add_`, `bincount`, `scatter_add_`) is enough.",
        line=line,
    ),
)
def mask_in_a_loop(failure: Failure) -> Details | None:
    """Match labels that are compared with one number at a time."""
    if not failure.reference_uses(*ONE_PASS_OPS):
        return None
    comparisons = (s for s in failure.steps_of("eq") if s.output_shape and len(s.input_shapes) == 1)
    line, count = most_frequent_line(comparisons)
    return {"line": line} if count >= _MANY else None


@trap(
    "Python loop",
    "ops speed",
    lambda line, op: _(
        "Line {line} dispatches `{op}` in every iteration of a loop, and a call costs a few "
        "microseconds however little it computes. Call it once, for the whole tensor.",
        line=line,
        op=op,
    ),
)
def python_loop(failure: Failure) -> Details | None:
    """Match a line that dispatches an op far more often than the reference dispatches any."""
    line, op, count = failure.most_repeated()
    if count < _MANY or not failure.reference_steps:
        return None
    if count < _MUCH_MORE * failure.most_repeated_by_reference():
        return None
    return {"line": line, "op": op}


TRAPS: Final[tuple[Trap, ...]] = (
    host_sync_in_a_loop,
    branch_on_a_tensor,
    data_dependent_shape,
    host_sync,
    concatenation_in_a_loop,
    element_by_element,
    indexing_in_a_loop,
    mask_in_a_loop,
)
"""All but `python_loop`, which matches other traps too and has to be tried last."""
