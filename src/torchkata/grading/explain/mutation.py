"""Known traps of state: memory that is written to, gradients that stay or pile up."""

from __future__ import annotations

import re

from torchkata.grading.explain.failure import Found, Row, Symptom, row
from torchkata.i18n import _


@row(
    "writes into an argument",
    "purity gradient device values stability",
    lambda line, call: _(
        "{call} in line {line} changes an argument in place, and the caller still needs it as it "
        "was, and so may autograd: `x = x + y` makes a new tensor, `x += y` does not.",
        line=line,
        call=call,
    ),
)
def writes_into_an_argument(symptom: Symptom) -> Found | None:
    """An op in place on what was passed, where the reference leaves it alone."""
    if any(step.writes == "input" for step in symptom.theirs):
        return None
    refused = "leaf Variable that requires grad" in symptom.text
    if symptom.axis != "purity" and not refused:
        return None
    step = next((s for s in symptom.steps if s.writes == "input" and s.line), None)
    if step is not None and step.op != "requires_grad_":
        return {"line": step.line, "call": f"`{step.op}`"}
    written = re.search(r"[-+*/]=|\w+_\(", symptom.code.line(symptom.line)) if refused else None
    return {"line": symptom.line, "call": f"`{written[0].rstrip('(')}`"} if written else None


@row(
    "added at an index",
    "values gradient dtype",
    lambda line: _(
        "`out[index] += values` in line {line} reads, adds and writes back, so of an index that "
        "comes several times only the last one is left: `index_add_` and "
        "`index_put_(accumulate=True)` add each of them.",
        line=line,
    ),
)
def added_at_an_index(symptom: Symptom) -> Found | None:
    """`out[index] += values` with a tensor of indices."""
    for step in symptom.doing("index_put_"):
        written = re.search(r"\w\[[^\]]+\]\s*\+=", symptom.code.line(step.line))
        if written and any(read.line == step.line for read in symptom.doing("index")):
            return {"line": step.line}
    return None


@row(
    "rebinding",
    "purity contract memory",
    lambda line, name: _(
        "`{name} = {name} ...` in line {line} makes a new tensor and gives it the old name; the "
        "caller's stays as it was. `{name} *= ...` and methods that end in `_` write into it.",
        line=line,
        name=name,
    ),
)
def rebinding(symptom: Symptom) -> Found | None:
    """The reference writes into its argument, and here only a name changes hands."""
    mine = any(step.writes == "input" for step in symptom.steps)
    if mine or not any(step.writes == "input" for step in symptom.theirs):
        return None
    for line in symptom.code.all(r"^\s+(\w+)\s*=\s*\1\s*[-+*/@]"):
        name = symptom.code.line(line).split("=")[0].strip()
        return {"line": line, "name": name}
    return None


@row(
    "copy of a tensor",
    "contract gradient memory device",
    lambda line: _(
        "`torch.tensor(x)` of a tensor in line {line} copies it, without its graph, and warns: "
        "`x.detach().clone()` says that plainly, `x.clone()` keeps the graph.",
        line=line,
    ),
)
def copy_of_a_tensor(symptom: Symptom) -> Found | None:
    """`torch.tensor` of something that is a tensor already."""
    for step in symptom.doing("_to_copy"):
        detached = any(other.line == step.line for other in symptom.doing("detach"))
        if detached and re.search(r"torch\.tensor\(\s*[a-z_]", symptom.code.line(step.line)):
            return {"line": step.line}
    return None


@row(
    "gradients add up",
    "values gradient dtype device",
    lambda line: _(
        "`.backward()` in line {line} adds to what is in `.grad` already, and nothing empties it "
        "between the steps: `optimizer.zero_grad()`, or `.grad = None`, before each backward.",
        line=line,
    ),
)
def gradients_add_up(symptom: Symptom) -> Found | None:
    """A backward, and nothing that clears gradients."""
    line = symptom.code.find(r"\.backward\(")
    cleared = symptom.code.find(r"zero_grad|\.grad\s*=|\.grad\.zero_|autograd\.grad|\.grad\.fill_")
    if not line or cleared or symptom.kind:
        return None
    stepped = symptom.code.find(r"\.step\(|-=|\.sub_\(|\.add_\(|-\s*lr\b")
    return {"line": line} if stepped else None


@row(
    "backward leaves gradients",
    "purity",
    lambda line: _(
        "`.backward()` in line {line} adds to the `.grad` of every parameter on its way and leaves "
        "it there; `torch.autograd.grad(result, inputs)` hands the gradients to you alone.",
        line=line,
    ),
)
def backward_leaves_gradients(symptom: Symptom) -> Found | None:
    """A function that only differentiates, and does so by backward."""
    line = symptom.code.find(r"\.backward\(")
    training = symptom.code.find(r"\.step\(|[-+]=|\b(?!requires_grad_)\w+_\(")
    return {"line": line} if line and not training and not symptom.kind else None


@row(
    "loss with its graph",
    "gradient contract memory",
    lambda line: _(
        "A loss that is kept as it comes keeps the graph of its step alive, with all activations: "
        "keep `loss.detach()` (line {line} goes backward, nothing detaches).",
        line=line,
    ),
)
def loss_with_its_graph(symptom: Symptom) -> Found | None:
    """A training step whose loss is never detached."""
    line = symptom.code.find(r"\.backward\(")
    let_go = symptom.code.find(r"detach|\.item\(|no_grad|(?<!\.)float\(|\.data\b")
    kept = symptom.code.find(r"return|append|yield|\+=")
    a_number = any(step.op == "_local_scalar_dense" for step in symptom.theirs)  # is asked for
    found = line and kept and not let_go and not a_number and not symptom.kind
    return {"line": line} if found else None


ROWS: tuple[Row, ...] = (
    writes_into_an_argument,
    added_at_an_index,
    rebinding,
    copy_of_a_tensor,
    gradients_add_up,
    backward_leaves_gradients,
    loss_with_its_graph,
)
