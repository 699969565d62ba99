"""Known traps that cost time: host synchronisations, loops in Python."""

from __future__ import annotations

from collections import Counter
from math import prod

from torchkata.grading.explain.failure import Found, Row, Symptom, row
from torchkata.i18n import _
from torchkata.worker.meters.trace import Step

_MANY = 8  # times in one line: no longer written out by hand
_COSTS = "ops memory speed"
_FAR = 3
_GATHERING = {"index_add_", "index_add", "bincount", "scatter_add_", "scatter_add"}


@row(
    "reads in a loop",
    "ops speed",
    lambda line: _(
        "Line {line} reads a value from the device in each turn of a loop, and each time the CPU "
        "waits until the device has done all that was asked of it: keep tensors, and read once, "
        "after the loop.",
        line=line,
    ),
)
def reads_in_a_loop(symptom: Symptom) -> Found | None:
    """The same line reads again and again."""
    reads = Counter(line for _unused, line in symptom.reads if line)
    line, count = reads.most_common(1)[0] if reads else (0, 0)
    few = 3
    return {"line": line} if count > few else None


@row(
    "branch on a tensor",
    "ops",
    lambda line: _(
        "`if` and `while` need a Python bool, so in line {line} the CPU waits for the device (and "
        "a compiler's graph breaks there): `torch.where` makes the choice on the device, element "
        "by element.",
        line=line,
    ),
)
def branch_on_a_tensor(symptom: Symptom) -> Found | None:
    """A bool is read off the device."""
    line = next((at for op, at in symptom.reads if op == "bool" and at), 0)
    return {"line": line} if line else None


@row(
    "size by values",
    "ops",
    lambda line, op: _(
        "How large the result of line {line} is depends on values ({op}), so the CPU has to wait "
        "for them: `torch.where`, `masked_fill` or a product with the mask keep the shape.",
        line=line,
        op=op,
    ),
)
def size_by_values(symptom: Symptom) -> Found | None:
    """A boolean mask as an index, nonzero, unique."""
    words = {"boolean mask", "nonzero", "masked_select", "unique"}
    found = next(((op, at) for op, at in symptom.reads if op in words and at), None)
    return {"line": found[1], "op": found[0]} if found else None


@row(
    "value read",
    "ops",
    lambda line, op: _(
        "{op} in line {line} brings values of the tensor to the CPU, which waits for them, and a "
        "compiler cannot follow: keep what depends on values in tensor operations.",
        line=line,
        op=f"`{op}`",
    ),
)
def value_read(symptom: Symptom) -> Found | None:
    """Something is read once."""
    words = {"item", "tolist", "numpy", "float", "int"}
    found = next(((op, at) for op, at in symptom.reads if op in words and at), None)
    return {"line": found[1], "op": found[0]} if found else None


@row(
    "concatenation in a loop",
    _COSTS,
    lambda line: _(
        "Line {line} concatenates in each turn of a loop, and each time it copies all that came "
        "before: collect the parts in a list, and join them once after the loop.",
        line=line,
    ),
)
def concatenation_in_a_loop(symptom: Symptom) -> Found | None:
    """What `cat` or `stack` gives becomes larger from turn to turn."""
    by_line: dict[int, list[Step]] = {}
    for step in symptom.doing("cat", "stack", "hstack", "vstack"):
        by_line.setdefault(step.line, []).append(step)
    for line, steps in by_line.items():
        count = sum(step.count for step in steps)
        grown = {prod(step.gives or ()) for step in steps}
        if count >= _MANY and len(grown) >= _MANY:
            return {"line": line}
    return None


@row(
    "numbers one by one",
    "ops speed",
    lambda line: _(
        "Line {line} takes the numbers one by one (`for v in x.tolist()`, `x[i].item()`, "
        "`if x[i]`): each costs a call from Python, as much as one operation on the whole tensor "
        "does.",
        line=line,
    ),
)
def numbers_one_by_one(symptom: Symptom) -> Found | None:
    """Values are read in a loop, on the CPU."""
    listed = symptom.code.find(r"\bfor .+ in .*\.tolist\(\)")
    if listed:
        return {"line": listed}
    counts: Counter[int] = Counter()
    for step in symptom.doing("_local_scalar_dense"):
        counts[step.line] += step.count
    line, count = counts.most_common(1)[0] if counts else (0, 0)
    return {"line": line} if count >= _MANY else None


@row(
    "index in a loop",
    _COSTS,
    lambda line: _(
        "`x[i]` in line {line} is an operation of its own in each turn of the loop: `for row in "
        "x`, which is `x.unbind(0)`, hands out all rows by one.",
        line=line,
    ),
)
def index_in_a_loop(symptom: Symptom) -> Found | None:
    """Rows are selected one by one where the reference unbinds them."""
    if not any(step.op == "unbind" for step in symptom.theirs):
        return None
    counts: Counter[int] = Counter()
    for step in symptom.only_mine("select", "slice"):
        counts[step.line] += step.count
    line, count = counts.most_common(1)[0] if counts else (0, 0)
    return {"line": line} if count >= _MANY else None


@row(
    "mask in a loop",
    _COSTS,
    lambda line: _(
        "Line {line} looks at every element once for each label: one pass that brings each element "
        "to its place (`index_add_`, `bincount`, `scatter_add_`) is enough.",
        line=line,
    ),
)
def mask_in_a_loop(symptom: Symptom) -> Found | None:
    """Labels are compared with one number at a time, over and over."""
    if not any(s.op in _GATHERING for s in symptom.theirs):
        return None
    counts: Counter[int] = Counter()
    for step in symptom.doing("eq"):
        if step.gives and len(step.takes) == 1:
            counts[step.line] += step.count
    line, count = counts.most_common(1)[0] if counts else (0, 0)
    return {"line": line} if count >= _MANY else None


@row(
    "python loop",
    "ops speed",
    lambda line, op: _(
        "Line {line} dispatches {op} in each turn of a loop, and a call costs a few microseconds "
        "however little it computes: say it once, for the whole tensor.",
        line=line,
        op=f"`{op}`",
    ),
)
def python_loop(symptom: Symptom) -> Found | None:
    """One line dispatches an op far more often than the reference dispatches any."""
    line, op, count = symptom.busiest()
    if count < _MANY or not symptom.theirs or count < _FAR * symptom.busiest_theirs():
        return None
    return {"line": line, "op": op}


ROWS: tuple[Row, ...] = (
    reads_in_a_loop,
    branch_on_a_tensor,
    size_by_values,
    value_read,
    concatenation_in_a_loop,
    numbers_one_by_one,
    index_in_a_loop,
    mask_in_a_loop,
    python_loop,
)
