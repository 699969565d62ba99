"""Known traps in training: modules, mixed precision, data loading, compilation."""

from __future__ import annotations

import re
from typing import Final

from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.i18n import _

_FACTORY: Final = r"torch\.(?:tensor|zeros|ones|full|arange|rand|randn|eye|linspace)\("
_LINES: Final = 2  # of a list of modules to inspect
_NESTED_INDENT: Final = 8  # of code in a function within a function


@trap(
    "backward under autocast",
    "gradient device dtype",
    lambda line: _(
        "`.backward()` on line {line} is inside the autocast block. Only the forward pass belongs "
        "there: each backward operation uses the dtype of its forward operation automatically.",
        line=line,
    ),
)
def backward_under_autocast(failure: Failure) -> Details | None:
    """Match a backward that is indented deeper than the autocast before it."""
    code = failure.code
    for start in code.all(r"^\s*with (?!.*enabled=False).*autocast"):
        for line in (number for number in code.numbers if number > start):
            text = code.line(line)
            if text.strip() and _indent(text) <= _indent(code.line(start)):
                break
            if ".backward(" in text:
                return {"line": line}
    return None


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


@trap(
    "clipping before unscaling",
    "values contract dtype device",
    lambda line: _(
        "The gradients that line {line} clips are still multiplied by the loss scale. Call "
        "`scaler.unscale_(optimizer)` first, then clip, then call `scaler.step`.",
        line=line,
    ),
)
def clipping_before_unscaling(failure: Failure) -> Details | None:
    """Match clipping without an `unscale_` before it."""
    line = failure.code.find(r"\bclip_grad\w*\(")
    scaled = failure.code.find(r"\.scale\(")
    unscaled = failure.code.find(r"unscale_\(|get_scale\(")
    return {"line": line} if line and scaled and not 0 < unscaled < line else None


@trap(
    "modules in a Python list",
    "contract device dtype values",
    lambda line: _(
        "Modules in a Python list, as on line {line}, are not registered: `parameters()`, `.to()` "
        "and `state_dict()` skip them. `nn.ModuleList([...])` registers the modules in it.",
        line=line,
    ),
)
def modules_in_a_list(failure: Failure) -> Details | None:
    """Match `self.layers = [nn.Linear(...), ...]`."""
    code = failure.code
    if code.find(r"ModuleList|Sequential\(\s*\*|ParameterList|add_module|register_module"):
        return None
    for line in code.all(r"self\.\w+(?:\s*:[^=]+)?\s*=\s*\["):
        text = " ".join(code.line(line + more) for more in range(_LINES))
        if re.search(r"\bLinear\(|nn\.[A-Z]\w+\(|self\.(?:linear|layer)\w*", text):
            return {"line": line}
    return None


@trap(
    "tensor as a plain attribute",
    "contract device",
    lambda line: _(
        "A tensor that is a plain attribute, as on line {line}, is neither moved by `.to()` nor "
        "saved. Use `nn.Parameter` if it is learned, `register_buffer` if it is not.",
        line=line,
    ),
)
def tensor_as_an_attribute(failure: Failure) -> Details | None:
    """Match `self.mean = mean.clone()` and `self.scale = torch.tensor(...)` in a module."""
    line = failure.code.find(
        rf"^\s+self\.\w+(?:, self\.\w+)*\s*=\s*(?:{_FACTORY}|\w+(?:\.detach\(\))?\.clone\(\))"
    )
    module = failure.code.find(r"class \w+\(.*Module\)|\bnn\.")
    return {"line": line} if line and module else None


@trap(
    "samples repeated by every worker",
    "values",
    lambda line: _(
        "Every worker process of a DataLoader runs the whole `__iter__` of line {line}, so every "
        "sample is returned once per worker. Use `torch.utils.data.get_worker_info()` to give each "
        "worker its own share.",
        line=line,
    ),
)
def samples_repeated_by_every_worker(failure: Failure) -> Details | None:
    """Match an iterable dataset that does not check which worker it runs in."""
    line = failure.code.find(r"def __iter__")
    checks = failure.code.find(r"get_worker_info|worker_init_fn")
    return {"line": line} if line and failure.code.find("IterableDataset") and not checks else None


@trap(
    "compiled on every call",
    "ops",
    lambda line: _(
        "`torch.compile` on line {line} runs on every call, each time on a new function, so no "
        "compiled code is ever reused. Compile once, outside the function.",
        line=line,
    ),
)
def compiled_on_every_call(failure: Failure) -> Details | None:
    """Match `torch.compile` within a function within a function."""
    for line in failure.code.all(r"torch\.compile\("):
        if _indent(failure.code.line(line)) >= _NESTED_INDENT:
            return {"line": line}
    return None


@trap(
    "recompiled for every number",
    "ops",
    lambda line: _(
        "The compiler on line {line} treats a Python number or a size as a constant until it "
        "changes, and every change recompiles. `dynamic=True` keeps sizes and numbers variable "
        "from the start, and a number in a tensor is never a constant.",
        line=line,
    ),
)
def recompiled_for_every_number(failure: Failure) -> Details | None:
    """Match a compiled function that does not declare what varies."""
    line = failure.code.find(r"torch\.compile\b")
    dynamic = failure.code.find(r"dynamic\s*=\s*True|mark_dynamic|torch\.tensor\(|full\(")
    return {"line": line} if line and not dynamic else None


TRAPS: Final[tuple[Trap, ...]] = (
    backward_under_autocast,
    clipping_before_unscaling,
    modules_in_a_list,
    tensor_as_an_attribute,
    samples_repeated_by_every_worker,
    compiled_on_every_call,
    recompiled_for_every_number,
)
