"""Known traps of state: memory that is modified, gradients that remain or accumulate."""

from __future__ import annotations

import ast
import re
from typing import Final

from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.i18n import _


@trap(
    "changes a list of the caller",
    "contract shape values purity gradient device dtype stability",
    lambda line, call: _(
        "`{call}` on line {line} changes the caller's own list, so the next call receives another "
        "one. Loop over it, or copy it first.",
        line=line,
        call=call,
    ),
)
def changes_a_list(failure: Failure) -> Details | None:
    """Match a method that changes a list, called on a parameter."""
    parameters = failure.tree.parameters() - _rebound(failure)
    for call in failure.tree.calls("pop", "clear", "remove", "insert", "popleft", "reverse"):
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            name = call.func.value.id
            if name in parameters:
                return {"line": call.lineno, "call": f"{name}.{call.func.attr}(...)"}
    return None


def _rebound(failure: Failure) -> set[str]:
    """Return the names that the judged code assigns."""
    return {
        node.id
        for node in failure.tree.nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


@trap(
    "detach without clone",
    "purity gradient values device",
    lambda line, write: _(
        "`.detach()` on line {line} copies nothing, so line {write} writes into the caller's "
        "tensor. `.detach().clone()` is a copy.",
        line=line,
        write=write,
    ),
)
def detach_without_clone(failure: Failure) -> Details | None:
    """Match a detached argument that is written to."""
    written = next((s for s in failure.steps if s.writes_to == "input" and s.line), None)
    reference = any(step.writes_to == "input" for step in failure.reference_steps)
    if written is None or reference:
        return None
    for call in failure.tree.calls("detach"):
        text = failure.code.line(call.lineno)
        if call.lineno < written.line and "clone" not in text and "copy" not in text:
            return {"line": call.lineno, "write": written.line}
    return None


@trap(
    "modifies an argument",
    "purity gradient device values stability",
    lambda line, call: _(
        "`{call}` on line {line} modifies an argument in place, although the caller, and perhaps "
        "autograd, still needs the original. `x = x + y` creates a new tensor, `x += y` does not.",
        line=line,
        call=call,
    ),
)
def modifies_an_argument(failure: Failure) -> Details | None:
    """Match an in-place op on an argument that the reference does not modify."""
    if any(step.writes_to == "input" for step in failure.reference_steps):
        return None
    refused = "leaf Variable that requires grad" in failure.exception_text
    if failure.axis != "purity" and not refused:
        return None
    step = next((step for step in failure.steps if step.writes_to == "input" and step.line), None)
    if step is not None and step.op != "requires_grad_":
        return {"line": step.line, "call": step.op}
    if not refused:
        return None
    written = re.search(r"[-+*/]=|\w+_\(", failure.code.line(failure.line))
    return {"line": failure.line, "call": written[0].rstrip("(")} if written else None


@trap(
    "+= at repeated indices",
    "values gradient dtype",
    lambda line: _(
        "`out[index] += values` on line {line} reads, adds and writes back, so of the values for "
        "a repeated index only the last one is added. `index_add_` and "
        "`index_put_(accumulate=True)` add all of them.",
        line=line,
    ),
)
def added_at_repeated_indices(failure: Failure) -> Details | None:
    """Match `out[index] += values` with a tensor of indices."""
    for step in failure.steps_of("index_put_"):
        written = re.search(r"\w\[[^\]]+\]\s*\+=", failure.code.line(step.line))
        if written and any(read.line == step.line for read in failure.steps_of("index")):
            return {"line": step.line}
    return None


@trap(
    "rebinds a name instead of writing",
    "purity contract memory",
    lambda line, name: _(
        "`{name} = {name} ...` on line {line} binds the name to a new tensor, and the caller's "
        "tensor stays as it was. `{name} *= ...` and methods that end in `_` write into it.",
        line=line,
        name=name,
    ),
)
def rebinds_a_name(failure: Failure) -> Details | None:
    """Match a new tensor under an argument's name where the reference modifies the argument."""
    writes = any(step.writes_to == "input" for step in failure.steps)
    if writes or not any(step.writes_to == "input" for step in failure.reference_steps):
        return None
    for line in failure.code.all(r"^\s+(\w+)\s*=\s*\1\s*[-+*/@]"):
        name = failure.code.line(line).split("=")[0].strip()
        return {"line": line, "name": name}
    return None


@trap(
    "torch.tensor of a tensor",
    "contract gradient memory device",
    lambda line: _(
        "`torch.tensor(x)` of a tensor, on line {line}, copies it without its graph and emits a "
        "warning. `x.detach().clone()` does the same explicitly, `x.clone()` keeps the graph.",
        line=line,
    ),
)
def tensor_of_a_tensor(failure: Failure) -> Details | None:
    """Match `torch.tensor` of something that is a tensor already."""
    for step in failure.steps_of("_to_copy"):
        detached = any(other.line == step.line for other in failure.steps_of("detach"))
        if detached and re.search(r"torch\.tensor\(\s*[a-z_]", failure.code.line(step.line)):
            return {"line": step.line}
    return None


@trap(
    "gradients accumulate",
    "values gradient dtype device",
    lambda line: _(
        "`.backward()` on line {line} adds to `.grad`, and nothing clears it between steps. Call "
        "`optimizer.zero_grad()`, or set `.grad = None`, before each backward pass.",
        line=line,
    ),
)
def gradients_accumulate(failure: Failure) -> Details | None:
    """Match a backward and a step without anything that clears gradients."""
    line = failure.code.find(r"\.backward\(")
    cleared = failure.code.find(r"zero_grad|\.grad\s*=|\.grad\.zero_|autograd\.grad|\.grad\.fill_")
    if not line or cleared or failure.exception:
        return None
    stepped = failure.code.find(r"\.step\(|-=|\.sub_\(|\.add_\(|-\s*lr\b")
    return {"line": line} if stepped else None


@trap(
    "backward leaves gradients behind",
    "purity",
    lambda line: _(
        "`.backward()` on line {line} adds to the `.grad` of every parameter involved and leaves "
        "it there. `torch.autograd.grad(result, inputs)` only returns the gradients.",
        line=line,
    ),
)
def backward_leaves_gradients(failure: Failure) -> Details | None:
    """Match a backward in a function that differentiates but does not train."""
    line = failure.code.find(r"\.backward\(")
    training = failure.code.find(r"\.step\(|[-+]=|\b(?!requires_grad_)\w+_\(")
    return {"line": line} if line and not training and not failure.exception else None


@trap(
    "loss keeps its graph",
    "gradient contract memory",
    lambda line: _(
        "A loss that is stored as it is keeps the graph of its step alive, with all activations. "
        "Store `loss.detach()` (line {line} runs backward, but nothing detaches the loss).",
        line=line,
    ),
)
def loss_keeps_its_graph(failure: Failure) -> Details | None:
    """Match a training step whose loss is never detached."""
    line = failure.code.find(r"\.backward\(")
    detached = failure.code.find(r"detach|\.item\(|no_grad|(?<!\.)float\(|\.data\b")
    kept = failure.code.find(r"return|append|yield|\+=")
    wants_number = failure.reference_uses("_local_scalar_dense")
    matches = line and kept and not detached and not wants_number and not failure.exception
    return {"line": line} if matches else None


TRAPS: Final[tuple[Trap, ...]] = (
    changes_a_list,
    detach_without_clone,
    modifies_an_argument,
    added_at_repeated_indices,
    rebinds_a_name,
    tensor_of_a_tensor,
    gradients_accumulate,
    backward_leaves_gradients,
    loss_keeps_its_graph,
)
