"""Known traps of shape: dims that go, stay or line up wrongly."""

from __future__ import annotations

import re

from torchkata.grading.explain.failure import Found, Row, Symptom, row
from torchkata.i18n import _

_REDUCTION = (
    r"\.(?:sum|mean|norm|amax|amin|max|min|std|var|prod|logsumexp|vector_norm)\("
    r"(?:[^()]*\bdim\s*=\s*|[^()]*,\s*|\s*)(?:-1|1)\b"  # over the last dim of two
)
_TWO = 2
_NEAR = 4  # lines


@row(
    "squeeze without a dim",
    "shape contract values",
    lambda line: _(
        "`squeeze()` in line {line} drops every dim of size 1, a batch of one too: name the dim "
        "that is meant, as in `squeeze(-1)`.",
        line=line,
    ),
)
def squeeze_without_a_dim(symptom: Symptom) -> Found | None:
    """A `squeeze()` has taken more dims away than the reference does."""
    for step in symptom.doing("squeeze"):
        bare = re.search(
            r"\.squeeze\(\s*\)|torch\.squeeze\(\s*\w+\s*\)", symptom.code.line(step.line)
        )
        if not bare or step.gives is None:
            continue
        if len(step.takes[0]) - len(step.gives) > 1 or _shorter(symptom):
            return {"line": step.line}
    return None


def _shorter(symptom: Symptom) -> bool:
    got, expected = symptom.shape("got"), symptom.shape("expected")
    return got is not None and expected is not None and len(got) < len(expected)


@row(
    "table of pairs",
    "shape values gradient contract device",
    lambda line, op, shapes, made: _(
        "In line {line} {op} meets {shapes}, and broadcasting makes a table of {made}, each with "
        "each: bring both to one shape first.",
        line=line,
        op=op,
        shapes=shapes,
        made=made,
    ),
)
def table_of_pairs(symptom: Symptom) -> Found | None:
    """[n, 1] against [n], which the reference never does."""
    theirs = {(step.op, step.gives) for step in symptom.theirs}
    for step in symptom.doing("sub", "mul", "add", "div", "mse_loss"):
        pair = [shape for shape in step.takes if shape]
        if len(pair) != _TWO or (step.op, step.gives) in theirs or step.gives is None:
            continue
        column, vector = max(pair, key=len), min(pair, key=len)
        if len(vector) == 1 and column == (vector[0], 1) and vector[0] > 1:
            shapes = _("{one} and {other}", one=list(pair[0]), other=list(pair[1]))
            return {"line": step.line, "op": step.op, "shapes": shapes, "made": list(step.gives)}
    return None


@row(
    "keepdim forgotten",
    "shape values device dtype",
    lambda line: _(
        "Without `keepdim=True` the reduction in line {line} loses its dim, and broadcasting lines "
        "up the result with the wrong one: with it, [n, d] meets [n, 1].",
        line=line,
    ),
)
def keepdim_forgotten(symptom: Symptom) -> Found | None:
    """[n, d] meets [n], or cannot, right after a reduction without `keepdim`."""
    for step in symptom.doing("sub", "div", "mul", "add"):
        large, small = max(step.takes, key=len), min(step.takes, key=len)
        # [n, n] with [n]: only on a square do both lengths fit.
        if (
            len(large) == len(small) + 1
            and small == large[:-1]
            and small
            and _bare(symptom, step.line)
        ):
            return {"line": step.line}
    if "must match the size of tensor" in symptom.text and _bare(symptom, symptom.line):
        return {"line": symptom.line}
    return None


def _bare(symptom: Symptom, line: int) -> bool:
    """Whether a line, or one just before it, reduces over the last dim without keeping it."""
    near = [at for at in symptom.code.numbers if line - _NEAR <= at <= line]
    texts = [symptom.code.line(at) for at in near]
    return any(re.search(_REDUCTION, text) and "keepdim" not in text for text in texts)


@row(
    "keepdim too many",
    "shape",
    lambda line: _(
        "`keepdim=True` in line {line} leaves a dim of size 1 where the reduced one was: leave it "
        "out, or `squeeze` that very dim.",
        line=line,
    ),
)
def keepdim_too_many(symptom: Symptom) -> Found | None:
    """The result has the dim of size 1 that `keepdim` keeps."""
    got, expected = symptom.shape("got"), symptom.shape("expected")
    line = symptom.code.find(r"keepdim\s*=\s*True")
    if not line or got is None or expected is None or len(got) != len(expected) + 1:
        return None
    return (
        {"line": line}
        if any(got[:i] + got[i + 1 :] == expected for i, n in enumerate(got) if n == 1)
        else None
    )


ROWS: tuple[Row, ...] = (
    squeeze_without_a_dim,
    table_of_pairs,
    keepdim_forgotten,
    keepdim_too_many,
)
