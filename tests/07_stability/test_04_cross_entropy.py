"""Grader of cross_entropy: losses and gradients for ordinary and extreme logits."""

import torch

from torchkata import Case, Function, Spec, Tolerance, arguments, normal, uniform, value

# In float32, rounding changes a logit of 1000, and so each term of the sum, by up to 3e-5.
ALLOWED = {
    torch.float32: Tolerance(rtol=1e-5, atol=5e-4),
    torch.float64: Tolerance(rtol=1e-12, atol=2e-12),
}


def naive(labels, logits, dim=-1):
    """Apply the formula row by row in float64, after subtracting the largest logit."""
    n = labels.shape[dim]
    rows, numbers = (t.double().movedim(dim, -1).reshape(-1, n) for t in (labels, logits))
    losses = []
    for p, x in zip(rows, numbers, strict=True):
        log = x - x.max() - (x - x.max()).exp().sum().log()
        losses.append(-(p * log)[p != 0].sum())
    return torch.tensor(losses, dtype=logits.dtype).reshape(logits.movedim(dim, -1).shape[:-1])


def soft_labels(sizes, generator):
    """Draw labels that do not sum to 1; about a third of them are 0."""
    x = torch.rand(sizes.a, sizes.b, sizes.c, generator=generator, dtype=torch.float64)
    return (3 * x - 1).clamp(min=0).to(sizes.dtype)


def far_apart(sizes, generator):
    """Draw labels, and logits up to +-1000."""
    labels, logits = torch.rand(2, 5, 6, generator=generator, dtype=sizes.dtype)
    return labels, 1000 * (2 * logits - 1)


def columns(sizes, generator):
    labels, logits = far_apart(sizes, generator)
    return labels.T.contiguous(), logits.T.contiguous(), 0


def middle_dim(sizes, generator):
    labels, logits = far_apart(sizes, generator)
    return labels.T.repeat(2, 1, 1), logits.T.repeat(2, 1, 1), 1


def impossible_classes(sizes, generator):
    """Draw labels that are 0 wherever the logit is -inf, and in some other places."""
    labels, logits = far_apart(sizes, generator)
    labels[0, 1] = labels[1, 3:] = labels[2, :5] = labels[3] = 0
    logits = (logits / 100).masked_fill(labels == 0, -torch.inf)
    logits[3, :2] = 1
    return labels, logits, 1


def two_classes(*logits):
    return lambda sizes, _generator: tuple(torch.tensor([[0.5, 0.5], logits], dtype=sizes.dtype))


def extreme(name, given, *, gradient=True):
    return Case(name, axis="stability", given=given, gradient=gradient, tolerance=ALLOWED)


def with_nan(sizes, generator):
    labels, logits = torch.rand(2, 4, 5, generator=generator).to(sizes.dtype)
    labels[1, 2] = logits[3] = torch.nan
    return labels, logits


RULES = {
    "the pair adds 0": (
        "stability[labels of 0 with logits of -inf]",
        "gradient[labels of 0 with logits of -inf]",
    ),
    "the result is inf": "stability[label 0.5 with logit -inf]",
    "contains nan": "values[rows with nan]",
}
SPEC = Spec(
    Function(
        "soft_cross_entropy",
        inputs={"labels": soft_labels, "logits": normal("a b c", std=3), "dim": value("dim")},
        naive=naive,
        cases=(
            Case("one entry", a=1, b=1, c=1, dim=-1),
            Case("one row", a=1, b=1, c=6, dim=-1),
            Case("one class", a=2, b=3, c=1, dim=2),
            Case("no rows", a=0, b=2, c=3, dim=-1),
            Case("first dim", a=5, b=1, c=4, dim=0),
            Case("middle dim", a=3, b=7, c=4, dim=-2),
            Case("last dim", a=4, b=3, c=20, dim=-1),
            Case("default dim", given=arguments(uniform("2 3 4"), normal("2 3 4"))),
            Case("5,000 rows", a=5000, b=1, c=5, dim=-1),
            Case("rows with nan", given=with_nan),
            Case("vectors", given=arguments(uniform("5"), normal("5"))),
            extreme("labels [0.5, 0.5], logits [1000, 0]", two_classes(1000.0, 0.0)),
            extreme("rows with logits up to +-1000", far_apart),
            extreme("columns with logits up to +-1000", columns),
            extreme("middle dim with logits up to +-1000", middle_dim),
            # If a logit is -inf, the gradient of its label is not specified.
            extreme("labels of 0 with logits of -inf", impossible_classes, gradient=("logits",)),
            extreme("label 0.5 with logit -inf", two_classes(1.0, -torch.inf), gradient=False),
        ),
    ),
    stub_digest="6f09f73b6694f30f",
    broken_axis="stability",
)
