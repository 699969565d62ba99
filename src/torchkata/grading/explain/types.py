"""Known traps of kind: Python's words for tensors, dtypes, devices, memory without values."""

from __future__ import annotations

import re

from torchkata.grading.explain.failure import Found, Row, Symptom, row
from torchkata.i18n import _

_ANY = "contract shape dtype values stability device purity gradient ops memory"
_FACTORIES = ("zeros", "ones", "full", "arange", "rand", "randn", "eye", "linspace", "empty")


@row(
    "brackets around comparisons",
    _ANY,
    lambda line: _(
        "`&` and `|` bind tighter than `<`: line {line} combines the numbers before it compares "
        "them. Put each comparison into brackets: `(a <= x) & (x < b)`.",
        line=line,
    ),
)
def brackets(symptom: Symptom) -> Found | None:
    """`a <= x & x < b`."""
    bare = re.search(r"[<>]=?\s*[\w.]+\s*[&|]\s*[\w.]+\s*[<>]", symptom.code.line(symptom.line))
    said = "Boolean value of Tensor" in symptom.text or "bitwise_" in symptom.text
    return {"line": symptom.line} if bare and said else None


@row(
    "chained comparison",
    _ANY,
    lambda line: _(
        "Python reads `a <= x < b` in line {line} as `(a <= x) and (x < b)`, and `and` wants one "
        "bool, not a tensor of them: `(a <= x) & (x < b)`.",
        line=line,
    ),
)
def chained_comparison(symptom: Symptom) -> Found | None:
    """`a <= x < b`."""
    chained = re.search(r"[<>]=?\s*[\w.]+\s*[<>]=?", symptom.code.line(symptom.line))
    return {"line": symptom.line} if chained and _ambiguous(symptom) else None


@row(
    "and, or, not",
    _ANY,
    lambda line, word, sign: _(
        "`{word}` in line {line} asks for the truth of the whole tensor; element by element it is "
        "`{sign}` (with brackets around comparisons).",
        line=line,
        word=word,
        sign=sign,
    ),
)
def and_or_not(symptom: Symptom) -> Found | None:
    """Python's words between tensors."""
    text = symptom.code.line(symptom.line)
    for word, sign in (("and", "&"), ("or", "|"), ("not", "~")):
        if re.search(rf"\b{word}\b(?! in\b)", text) and _ambiguous(symptom):
            return {"line": symptom.line, "word": word, "sign": sign}
    return None


def _ambiguous(symptom: Symptom) -> bool:
    return "Boolean value of Tensor" in symptom.text


@row(
    "reserved memory",
    "shape values contract",
    lambda line, call: _(
        "{call} in line {line} reserves room for so many numbers and fills in nothing: "
        "`torch.tensor(...)` makes a tensor of given numbers, `torch.zeros` one of zeros.",
        line=line,
        call=f"`{call}`",
    ),
)
def reserved_memory(symptom: Symptom) -> Found | None:
    """Memory that nobody has written to comes back."""
    written = any(step.writes for step in symptom.steps)
    for step in symptom.doing("empty"):
        text = symptom.code.line(step.line)
        call = re.search(r"torch\.(?:Tensor|FloatTensor|empty)\([^()]*\)", text)
        if call is not None and not written and "out=" not in text:
            return {"line": step.line, "call": call[0]}
    return None


@row(
    "factory's own dtype",
    "dtype",
    lambda line, call, wanted: _(
        "{call} in line {line} makes float32, whatever the inputs are; `x.new_...`, `..._like(x)` "
        "and `dtype=x.dtype` follow them (here {wanted}).",
        line=line,
        call=f"`torch.{call}`",
        wanted=wanted,
    ),
)
def factorys_own_dtype(symptom: Symptom) -> Found | None:
    """A factory without a dtype in a computation that should have another."""
    wanted = symptom.facts.get("expected_dtype")
    if symptom.facts.get("got_dtype") != "float32" or wanted in (None, "float32", "bool"):
        return None
    for step in symptom.doing(*_FACTORIES, "lift_fresh"):
        call = re.search(rf"torch\.({'|'.join(_FACTORIES)}|tensor)\(", symptom.code.line(step.line))
        fits = step.dtype == "float32" and "dtype" not in symptom.code.line(step.line)
        if call is not None and fits and step.gives:
            return {"line": step.line, "call": call[1], "wanted": wanted}
    return None


@row(
    "factory on the CPU",
    "device ops",
    lambda: _(
        "Every factory (`zeros`, `arange`, `tensor`, ...) makes a CPU tensor unless it is told "
        "where; `x.new_zeros(...)` and `zeros_like(x)` take device and dtype from x, so code that "
        "never names a device runs on all of them."
    ),
)
def factory_on_the_cpu(symptom: Symptom) -> Found | None:
    """Tensors of two devices meet, and a factory without `device` stands in the code."""
    if "at least two devices" not in symptom.text:
        return None
    called = rf"torch\.(?:{'|'.join(_FACTORIES)}|tensor)\("
    lines = [line for line in symptom.code.all(called) if "device" not in symptom.code.line(line)]
    return {} if lines else None


ROWS: tuple[Row, ...] = (
    brackets,
    chained_comparison,
    and_or_not,
    reserved_memory,
    factorys_own_dtype,
    factory_on_the_cpu,
)
