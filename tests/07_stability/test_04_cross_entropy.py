"""Grader of cross_entropy: losses of ordinary and of extreme logits, and their gradients."""

import torch

from torchkata import Case, Exercise, Function, Tolerance, normal, require, same, value

# A logit of 1000 is itself rounded by up to 3e-5 in float32, and each term of the sum as much.
ALLOWED = {
    torch.float32: Tolerance(rtol=1e-5, atol=5e-4),
    torch.float64: Tolerance(rtol=1e-12, atol=2e-12),
}


def naive(labels, logits, dim=-1):
    """Row by row in float64, from the formula."""
    rows, numbers = (t.double().movedim(dim, -1).flatten(0, -2) for t in (labels, logits))
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
                given=lambda _, g: (torch.ones(2, 4), torch.randn(2, 4, generator=g)),
            ),
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


def with_gradient(kata, labels, logits, dim):
    logits = logits.requires_grad_()
    loss = kata.soft_cross_entropy(labels, logits, dim)
    return loss.detach(), torch.autograd.grad(loss.sum(), logits)[0]


def compare(submission, reference, generator, part, what):
    """Compare with the reference in float64, on the same inputs."""
    for dtype, allowed in ALLOWED.items():
        for name, (labels, logits, dim) in extremes(generator, dtype):
            got = submission.run(with_gradient, labels, logits, dim)[part]
            exact = reference.run(with_gradient, labels.double(), logits.double(), dim)[part]
            same(got, exact, what=f"{what} of {name}", tolerance=allowed, dtype=False)


def test_stability_of_extreme_logits(submission, reference, generator):
    """Logits of +-1000, and of -inf where the label is 0, have a finite loss."""
    compare(submission, reference, generator, 0, "the result")


def test_gradient_of_extreme_logits(submission, reference, generator):
    """Logits of +-1000, and of -inf where the label is 0, have a finite gradient."""
    compare(submission, reference, generator, 1, "the gradient to logits")


def test_stability_of_the_impossible(submission):
    """A label above 0 against a logit of -inf makes the loss inf."""
    labels, logits = torch.tensor([0.5, 0.5]), torch.tensor([1.0, -torch.inf])
    got = submission.call("soft_cross_entropy", labels, logits)
    require(
        torch.equal(got, torch.tensor(torch.inf)),
        f"For labels [0.5, 0.5] and logits [1, -inf] the result is {got}; it has to be inf, for "
        "what has the probability 0 is expected half of the time.",
    )
