"""Grader of softmax: probabilities of ordinary and extreme logits, from basic operations."""

import torch

from torchkata import Case, Function, Ops, Scale, Spec, Tolerance, _, arguments, normal, value

# In float32, rounding changes a logit of 1000 by up to 3e-5, and its exp by the same ratio.
ALLOWED = {
    torch.float32: Tolerance(rtol=0.0, atol=1e-4),
    torch.float64: Tolerance(rtol=0.0, atol=1e-12),
}


def naive(logits, dim=-1):
    """Compute row by row in float64, after subtracting the largest logit of each row."""
    columns = logits.double().movedim(dim, -1)
    rows = columns.reshape(-1, logits.shape[dim])
    out = torch.zeros(rows.shape, dtype=torch.float64)
    for i, row in enumerate(rows):
        weights = [2.718281828459045 ** max((x - max(row)).item(), -700.0) for x in row]
        out[i] = torch.tensor(weights, dtype=torch.float64) / sum(weights)
    return out.reshape(columns.shape).movedim(-1, dim).to(logits.dtype)


def large(sizes, generator):
    """Draw rows with logits near 1000 or near -1000, alone or next to ordinary ones."""
    logits = torch.randn(6, 5, generator=generator, dtype=sizes.dtype)
    logits[0] += 1000
    logits[1] -= 1000
    logits[2, ::2] += 1000
    logits[3, 1:3] -= 1000
    return logits


def with_impossible_classes(sizes, generator):
    """Draw rows with logits of -inf, next to ordinary ones or to ones near +-1000."""
    logits = torch.randn(4, 6, generator=generator, dtype=sizes.dtype)
    logits[0, 1] = logits[1, :5] = logits[2, 3:] = logits[3, ::2] = -torch.inf
    logits[2, :3] += 1000
    logits[3, 1::2] -= 1000
    return logits


def middle_dim(sizes, generator):
    return large(sizes, generator).T.repeat(2, 1, 1), -2


def extreme(name, given):
    return Case(name, axis="stability", given=given, gradient=True, tolerance=ALLOWED)


def with_nan(sizes, generator):
    logits = torch.randn(4, 5, generator=generator).to(sizes.dtype)
    logits[1, 2] = logits[3] = torch.nan
    return (logits,)


RULES = {
    "An entry of -inf": (
        "stability[rows with logits of -inf]",
        "gradient[rows with logits of -inf]",
    ),
    "Rows along `dim`": "stability",
    "contains nan": "values[rows with nan]",
    "Use basic operations": "contract[basic operations only]",
}
SPEC = Spec(
    Function(
        "softmax",
        inputs={"logits": normal("a b c", std=3), "dim": value("dim")},
        naive=naive,
        cases=(
            Case("one entry", a=1, b=1, c=1, dim=-1),
            Case("one row", a=1, b=1, c=6, dim=-1),
            Case("one class", a=2, b=3, c=1, dim=2),
            Case("no rows", a=0, b=2, c=3, dim=-1),
            Case("first dim", a=5, b=1, c=4, dim=0),
            Case("middle dim", a=3, b=7, c=4, dim=-2),
            Case("last dim", a=4, b=3, c=20, dim=-1),
            Case("a vector", given=arguments(normal("9"))),
            Case("default dim", given=arguments(normal("3 4 5"))),
            Case("5,000 rows", a=5000, b=1, c=5, dim=-1),
            Case("rows with nan", given=with_nan),
            extreme("rows with logits of +-1000", lambda s, g: (large(s, g), -1)),
            extreme("middle dim with logits of +-1000", middle_dim),
            extreme("columns with logits of +-1000", lambda s, g: (large(s, g).T.contiguous(), 0)),
            extreme("rows with logits of -inf", lambda s, g: (with_impossible_classes(s, g), 1)),
        ),
        dtypes=(torch.float32, torch.float64, torch.float16, torch.bfloat16),
        scale=Scale(_("logits of a language model"), a=8, b=4_096, c=128_000, dim=-1),
        budget=(Ops(6),),
        forbidden=("*softm*",),
    ),
    stub_digest="c012c90cdc1af538",
    broken_axis="stability",
)
