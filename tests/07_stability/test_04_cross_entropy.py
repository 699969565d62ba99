"""Grader of cross_entropy: losses of ordinary and of extreme logits, and their gradients."""

import torch

from torchkata import Case, Exercise, Function, Tolerance, normal, require, same, value
from torchkata.probes import with_gradients

# A logit of 1000 is itself rounded by up to 3e-5 in float32, and each term of the sum as much.
ALLOWED = {
    torch.float32: Tolerance(rtol=1e-5, atol=5e-4),
    torch.float64: Tolerance(rtol=1e-12, atol=2e-12),
}


def naive(labels, logits, dim=-1):
    """Row by row in float64, from the formula."""
    n = labels.shape[dim]
    rows, numbers = (t.double().movedim(dim, -1).reshape(-1, n) for t in (labels, logits))
    losses = [
        -(p * (x.exp() / x.exp().sum()).log()).sum() for p, x in zip(rows, numbers, strict=True)
    ]
    shape = logits.movedim(dim, -1).shape[:-1]
    return torch.tensor(losses, dtype=logits.dtype).reshape(shape)


def soft(sizes, generator):
    """Labels that do not sum to 1, three of ten of them 0."""
    x = torch.rand(sizes.a, sizes.b, sizes.c, generator=generator, dtype=torch.float64)
    return (3 * x - 1).clamp(min=0).to(sizes.dtype)


EXERCISE = Exercise(
    Function(
        "soft_cross_entropy",
        inputs={"labels": soft, "logits": normal("a b c", std=3), "dim": value("dim")},
        naive=naive,
        cases=(
            Case("one entry", a=1, b=1, c=1, dim=-1),
            Case("one choice", a=2, b=3, c=1, dim=2),
            Case("no rows", a=0, b=2, c=3, dim=-1),
            Case("first dim", a=5, b=1, c=4, dim=0),
            Case("middle dim", a=3, b=7, c=4, dim=-2),
            Case("last dim", a=4, b=3, c=20, dim=-1),
            Case(
                "dim left out",
                given=lambda _, g: (torch.ones(2, 3, 4), torch.randn(2, 3, 4, generator=g)),
            ),
            Case("vectors", given=lambda _, g: tuple(torch.rand(2, 5, generator=g))),
        ),
    ),
    shipped="caef8f3616c62fde",
    fault="stability",
)


def extremes(generator, dtype):
    """Extreme labels and logits by name, with a dim."""
    half = torch.tensor([0.5, 0.5], dtype=dtype), torch.tensor([1000.0, 0.0], dtype=dtype)
    yield "labels [0.5, 0.5], logits [1000, 0]", (*half, -1)
    logits = 1000 * (2 * torch.rand(5, 6, generator=generator, dtype=dtype) - 1)
    labels = torch.rand(5, 6, generator=generator, dtype=dtype)
    yield "rows with logits up to +-1000", (labels, logits, -1)
    yield "columns with logits up to +-1000", (labels.T.contiguous(), logits.T.contiguous(), 0)
    labels, logits = labels.clone(), logits / 100
    labels[0, 1] = labels[1, 3:] = labels[2, :5] = labels[3] = 0
    logits[labels == 0] = -torch.inf
    logits[3, :2] = 1
    yield "zero labels against logits of -inf", (labels, logits, 1)


def compare(submission, reference, generator, part, what):
    """Compare with the reference in float64, on the same inputs.

    Where a logit is -inf, nothing is said of the gradient to labels.
    """
    entry = "soft_cross_entropy"
    for dtype, allowed in ALLOWED.items():
        for name, (labels, logits, dim) in extremes(generator, dtype):
            wanted = (1, 0) if bool(logits.isfinite().all()) else (1,)
            got = submission.run(with_gradients, entry, (labels, logits, dim), wanted)
            wide = labels.double(), logits.double(), dim
            exact = reference.run(with_gradients, entry, wide, wanted)
            same(got[part], exact[part], what=f"{what} of {name}", tolerance=allowed, dtype=False)


def test_stability_of_extreme_logits(submission, reference, generator):
    """Logits of +-1000, and of -inf where the label is 0, have a finite loss."""
    compare(submission, reference, generator, 0, "the result")


def test_gradient_of_extreme_logits(submission, reference, generator):
    """Logits of +-1000, and of -inf where the label is 0, have a finite gradient."""
    what = "the gradients to logits (and to labels, where all logits are finite)"
    compare(submission, reference, generator, 1, what)


def test_stability_of_the_impossible(submission):
    """A label above 0 against a logit of -inf makes the loss inf, or at least immense."""
    labels, logits = torch.tensor([0.5, 0.5]), torch.tensor([1.0, -torch.inf])
    got = submission.call("soft_cross_entropy", labels, logits)
    require(
        torch.is_tensor(got) and bool((got > 1e30).all()),
        f"For labels [0.5, 0.5] and logits [1, -inf] the result is {got}; it has to be inf, for "
        "what has the probability 0 is expected half of the time.",
    )
