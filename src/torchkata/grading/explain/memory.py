"""Known traps that cost memory: tables, copies."""

from __future__ import annotations

from math import prod

from torchkata.grading.explain.failure import Found, Row, Symptom, row
from torchkata.i18n import _

_PAIR = 2
_HUGE = 4
_GATHERING = {"index_add_", "index_add", "bincount", "scatter_add_", "scatter_add"}


@row(
    "one-hot table",
    "memory speed ops",
    lambda line, shape: _(
        "Line {line} makes a table of shape {shape}, nearly all of it zeros, to pick one entry per "
        "row: an index does that without the table (`index_add_`, `gather`, `bincount`).",
        line=line,
        shape=shape,
    ),
)
def one_hot_table(symptom: Symptom) -> Found | None:
    """`one_hot`, or labels compared with all classes at once."""
    for line in symptom.code.all(r"\bone_hot\("):
        steps = [s for s in symptom.steps if s.line == line and s.op in ("scatter_", "scatter")]
        if steps and steps[0].gives is not None:
            return {"line": line, "shape": list(steps[0].gives)}
    if not any(s.op in _GATHERING for s in symptom.theirs):
        return None
    for step in symptom.doing("eq"):
        takes = [shape for shape in step.takes if prod(shape) > 1]
        if step.gives and len(takes) == _PAIR and prod(step.gives) == prod(map(prod, takes)):
            return {"line": step.line, "shape": list(step.gives)}
    return None


@row(
    "copies instead of broadcasting",
    "memory speed",
    lambda line, op: _(
        "{op} in line {line} writes the same numbers many times over; broadcasting reads them "
        "where they are: a dim of size 1 (`x[:, None]`, `unsqueeze`) is repeated for free.",
        line=line,
        op=f"`{op}`",
    ),
)
def copies_instead_of_broadcasting(symptom: Symptom) -> Found | None:
    """`repeat`, `tile`, or an expanded tensor that is written out."""
    step = next((s for s in symptom.only_mine("repeat") if s.gives), None)
    if step is None:
        for copy in symptom.only_mine("clone"):
            if ".expand" in symptom.code.line(copy.line):
                return {"line": copy.line, "op": "expand(...).clone()"}
        return None
    text = symptom.code.line(step.line)
    op = next((name for name in ("tile", "repeat") if name in text), step.op)
    return {"line": step.line, "op": op}


@row(
    "table in between",
    "memory",
    lambda line, op, shape: _(
        "{op} in line {line} makes a table of shape {shape}, much larger than what goes in and "
        "what comes out: a matrix product, or another order of summing, does without it.",
        line=line,
        op=op,
        shape=shape,
    ),
)
def table_in_between(symptom: Symptom) -> Found | None:
    """Broadcasting makes something far larger than its operands, which is then summed up."""
    ends = [step.gives for step in symptom.theirs if step.gives is not None]
    largest = max(map(prod, ends), default=0)
    for step in symptom.doing("sub", "mul", "add", "div", "eq"):
        operands = [prod(shape) for shape in step.takes]
        if step.gives is None or len(operands) < _PAIR:
            continue
        size = prod(step.gives)
        if size >= _HUGE * max(operands) and size >= _HUGE * largest > 0:
            return {"line": step.line, "op": step.op, "shape": list(step.gives)}
    return None


@row(
    "needless copy",
    "ops memory",
    lambda line, op: _(
        "{op} in line {line} copies every number; the operation before or after it gives the same "
        "values without.",
        line=line,
        op=f"`{op}`",
    ),
)
def needless_copy(symptom: Symptom) -> Found | None:
    """A copy is asked for by name, and the reference makes none."""
    step = next(symptom.only_mine("clone"), None)
    if step is None:
        return None
    text = symptom.code.line(step.line)
    op = next((name for name in ("clone", "contiguous") if f".{name}(" in text), "")
    return {"line": step.line, "op": op} if op else None


ROWS: tuple[Row, ...] = (
    one_hot_table,
    copies_instead_of_broadcasting,
    table_in_between,
    needless_copy,
)
