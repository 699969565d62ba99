"""Known traps around training: modules, mixed precision, data loading, compilers."""

from __future__ import annotations

import re

from torchkata.grading.explain.failure import Found, Row, Symptom, row
from torchkata.i18n import _

_FACTORY = r"torch\.(?:tensor|zeros|ones|full|arange|rand|randn|eye|linspace)\("
_LINES = 2


@row(
    "backward under autocast",
    "gradient device dtype",
    lambda line: _(
        "`.backward()` in line {line} stands inside of the autocast block: only the forward "
        "belongs there, for each backward operation takes the dtype of its forward by itself.",
        line=line,
    ),
)
def backward_under_autocast(symptom: Symptom) -> Found | None:
    """A backward that is indented deeper than the autocast before it."""
    for start in symptom.code.all(r"^\s*with .*autocast"):
        for line in (n for n in symptom.code.numbers if n > start):
            text = symptom.code.line(line)
            if text.strip() and _indent(text) <= _indent(symptom.code.line(start)):
                break
            if ".backward(" in text:
                return {"line": line}
    return None


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


@row(
    "clipped before unscaled",
    "values contract dtype device",
    lambda line: _(
        "The gradients that line {line} clips are still multiplied by the scale of the loss: "
        "`scaler.unscale_(optimizer)` comes first, then the clipping, then `scaler.step`.",
        line=line,
    ),
)
def clipped_before_unscaled(symptom: Symptom) -> Found | None:
    """Clipping, and no `unscale_` before it."""
    line = symptom.code.find(r"\bclip_grad\w*\(")
    scaled = symptom.code.find(r"\.scale\(")
    unscaled = symptom.code.find(r"unscale_\(|get_scale\(")
    return {"line": line} if line and scaled and not 0 < unscaled < line else None


@row(
    "modules in a list",
    "contract device dtype values",
    lambda line: _(
        "Modules in a Python list, as in line {line}, are not registered: `parameters()`, `.to()` "
        "and `state_dict()` do not see them. `nn.ModuleList([...])` is a list that they do see.",
        line=line,
    ),
)
def modules_in_a_list(symptom: Symptom) -> Found | None:
    """`self.layers = [nn.Linear(...), ...]`."""
    registered = r"ModuleList|Sequential\(\s*\*|ParameterList|add_module|register_module"
    if symptom.code.find(registered):
        return None
    for line in symptom.code.all(r"self\.\w+(?:\s*:[^=]+)?\s*=\s*\["):
        text = " ".join(symptom.code.line(line + more) for more in range(_LINES))
        if re.search(r"\bLinear\(|nn\.[A-Z]\w+\(|self\.(?:linear|layer)\w*", text):
            return {"line": line}
    return None


@row(
    "tensor as an attribute",
    "contract device",
    lambda line: _(
        "A tensor that is a mere attribute, as in line {line}, is neither moved by `.to()` nor "
        "saved: `nn.Parameter` for what is learned, `register_buffer` for what is not.",
        line=line,
    ),
)
def tensor_as_an_attribute(symptom: Symptom) -> Found | None:
    """`self.mean = mean.clone()` or `self.scale = torch.tensor(...)` in a module."""
    line = symptom.code.find(
        rf"^\s+self\.\w+(?:, self\.\w+)*\s*=\s*(?:{_FACTORY}|\w+(?:\.detach\(\))?\.clone\(\))"
    )
    module = symptom.code.find(r"class \w+\(.*Module\)|\bnn\.")
    return {"line": line} if line and module else None


@row(
    "all workers give all",
    "values",
    lambda line: _(
        "Each worker process of a DataLoader runs the whole `__iter__` of line {line}, so every "
        "sample comes once per worker: `torch.utils.data.get_worker_info()` says which share is "
        "its own.",
        line=line,
    ),
)
def all_workers_give_all(symptom: Symptom) -> Found | None:
    """An iterable dataset that does not ask which worker it is."""
    line = symptom.code.find(r"def __iter__")
    asks = symptom.code.find(r"get_worker_info|worker_init_fn")
    return {"line": line} if line and symptom.code.find("IterableDataset") and not asks else None


@row(
    "compiled in each call",
    "ops",
    lambda line: _(
        "`torch.compile` in line {line} runs at every call, on a function that is new each time, "
        "so nothing that was compiled before fits: compile once, outside.",
        line=line,
    ),
)
def compiled_in_each_call(symptom: Symptom) -> Found | None:
    """`torch.compile` within a function within a function."""
    deep = 8  # blanks: two functions
    for line in symptom.code.all(r"torch\.compile\("):
        if _indent(symptom.code.line(line)) >= deep:
            return {"line": line}
    return None


@row(
    "number as a constant",
    "ops",
    lambda line: _(
        "To the compiler of line {line} a Python number, or a size, is a constant until it "
        "changes, and each change compiles again: `dynamic=True` keeps sizes and numbers open from "
        "the start, and a number that is a tensor is never a constant.",
        line=line,
    ),
)
def number_as_a_constant(symptom: Symptom) -> Found | None:
    """A compiled function that is not told what varies."""
    line = symptom.code.find(r"torch\.compile\b")
    open_ = symptom.code.find(r"dynamic\s*=\s*True|mark_dynamic|torch\.tensor\(|full\(")
    return {"line": line} if line and not open_ else None


ROWS: tuple[Row, ...] = (
    backward_under_autocast,
    clipped_before_unscaled,
    modules_in_a_list,
    tensor_as_an_attribute,
    all_workers_give_all,
    compiled_in_each_call,
    number_as_a_constant,
)
