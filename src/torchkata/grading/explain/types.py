"""Known traps of types: Python operators on tensors, dtypes, devices, uninitialized memory."""

from __future__ import annotations

import ast
import re
from typing import Final

from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.i18n import _

_ANY: Final = "contract shape dtype values stability device purity gradient ops memory"
_FACTORIES: Final = (
    "zeros", "ones", "full", "arange", "rand", "randn", "eye", "linspace", "empty",
)  # fmt: skip


@trap(
    "missing parentheses around comparisons",
    _ANY,
    lambda line: _(
        "`&` and `|` bind tighter than `<`, so line {line} combines the numbers before it compares "
        "them. Put each comparison in parentheses: `(a <= x) & (x < b)`.",
        line=line,
    ),
)
def missing_parentheses(failure: Failure) -> Details | None:
    """Match `a <= x & x < b`."""
    text = failure.code.line(failure.line)
    bare = re.search(r"[<>]=?\s*[\w.]+\s*[&|]\s*[\w.]+\s*[<>]", text)
    raised = _is_ambiguous(failure) or "bitwise_" in failure.exception_text
    return {"line": failure.line} if bare and raised else None


@trap(
    "chained comparison",
    _ANY,
    lambda line: _(
        "Python evaluates `a <= x < b` on line {line} as `(a <= x) and (x < b)`, and `and` needs a "
        "single bool, not a tensor of them. Write `(a <= x) & (x < b)`.",
        line=line,
    ),
)
def chained_comparison(failure: Failure) -> Details | None:
    """Match `a <= x < b`."""
    chained = re.search(r"[<>]=?\s*[\w.]+\s*[<>]=?", failure.code.line(failure.line))
    return {"line": failure.line} if chained and _is_ambiguous(failure) else None


@trap(
    "and, or, not",
    _ANY,
    lambda line, word, operator: _(
        "`{word}` on line {line} needs a single truth value of the whole tensor. The elementwise "
        "operator is `{operator}` (put comparisons in parentheses).",
        line=line,
        word=word,
        operator=operator,
    ),
)
def and_or_not(failure: Failure) -> Details | None:
    """Match Python's `and`, `or` and `not` between tensors."""
    text = failure.code.line(failure.line)
    for word, operator in (("and", "&"), ("or", "|"), ("not", "~")):
        if re.search(rf"\b{word}\b(?! in\b)", text) and _is_ambiguous(failure):
            return {"line": failure.line, "word": word, "operator": operator}
    return None


def _is_ambiguous(failure: Failure) -> bool:
    return "Boolean value of Tensor" in failure.exception_text


@trap(
    "Python's sum",
    "contract shape values dtype",
    lambda line: _(
        "Python's `sum` on line {line} starts from the number 0, so the sum of nothing is a "
        "Python int, and the first addition starts from 0.",
        line=line,
    ),
)
def builtin_sum(failure: Failure) -> Details | None:
    """Match Python's `sum` if the result is a Python number."""
    if failure.finding != "wrong-type":
        return None
    for call in failure.tree.calls("sum"):
        if isinstance(call.func, ast.Name) and len(call.args) == 1:
            return {"line": call.lineno}
    return None


@trap(
    "uninitialized memory",
    "shape values contract",
    lambda line, call: _(
        "`{call}` on line {line} allocates memory of that size and does not initialize it. "
        "`torch.tensor(...)` makes a tensor of given numbers, `torch.zeros` one of zeros.",
        line=line,
        call=call,
    ),
)
def uninitialized_memory(failure: Failure) -> Details | None:
    """Match a result whose memory was never written."""
    written = any(step.writes_to for step in failure.steps)
    for step in failure.steps_of("empty"):
        text = failure.code.line(step.line)
        call = re.search(r"torch\.(?:Tensor|FloatTensor|empty)\([^()]*\)", text)
        if call is not None and not written and "out=" not in text:
            return {"line": step.line, "call": call[0]}
    return None


@trap(
    "default dtype of a factory",
    "dtype",
    lambda line, call, dtype: _(
        "`torch.{call}` on line {line} creates float32, whatever the dtype of the inputs. "
        "`x.new_...`, `..._like(x)` and `dtype=x.dtype` use that of `x` (here {dtype}).",
        line=line,
        call=call,
        dtype=dtype,
    ),
)
def default_dtype_of_a_factory(failure: Failure) -> Details | None:
    """Match a factory without a dtype in a computation that should have another one."""
    expected = failure.facts.get("expected_dtype")
    if failure.facts.get("got_dtype") != "float32" or expected in (None, "float32", "bool"):
        return None
    for step in failure.steps_of(*_FACTORIES, "lift_fresh"):
        text = failure.code.line(step.line)
        call = re.search(rf"torch\.({'|'.join(_FACTORIES)}|tensor)\(", text)
        default = step.output_dtype == "float32" and "dtype" not in text
        if call is not None and default and step.output_shape:
            return {"line": step.line, "call": call[1], "dtype": expected}
    return None


@trap(
    "factory on the CPU",
    "device ops",
    lambda: _(
        "Factory functions (`zeros`, `arange`, `tensor`, ...) create CPU tensors unless you pass a "
        "device. `x.new_zeros(...)` and `zeros_like(x)` take device and dtype from `x`, so code "
        "that never names a device runs on all of them."
    ),
)
def factory_on_the_cpu(failure: Failure) -> Details | None:
    """Match tensors of two devices in code with a factory call without `device`."""
    if "at least two devices" not in failure.exception_text:
        return None
    called = rf"torch\.(?:{'|'.join(_FACTORIES)}|tensor)\("
    lines = [line for line in failure.code.all(called) if "device" not in failure.code.line(line)]
    return {} if lines else None


TRAPS: Final[tuple[Trap, ...]] = (
    missing_parentheses,
    chained_comparison,
    and_or_not,
    builtin_sum,
    uninitialized_memory,
    default_dtype_of_a_factory,
    factory_on_the_cpu,
)
