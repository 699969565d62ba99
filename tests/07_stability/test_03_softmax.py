"""Grader of softmax: probabilities of ordinary and of extreme logits, with basic operations."""

import torch

from torchkata import Case, Exercise, Function, Ops, Tolerance, normal, require, same, value
from torchkata.probes import called, with_gradients

# A logit of 1000 is itself rounded by up to 3e-5 in float32, and its exp as much.
ALLOWED = {
    torch.float32: Tolerance(rtol=0.0, atol=1e-4),
    torch.float64: Tolerance(rtol=0.0, atol=1e-12),
}


def naive(logits, dim=-1):
    """Row by row in float64, with the largest logit of the row as the new zero."""
    columns = logits.double().movedim(dim, -1)
    rows = columns.reshape(-1, logits.shape[dim])
    out = torch.zeros(rows.shape, dtype=torch.float64)
    for i, row in enumerate(rows):
        weights = [2.718281828459045 ** max(-700.0, (x - max(row)).item()) for x in row]
        out[i] = torch.tensor(weights, dtype=torch.float64) / sum(weights)
    return out.reshape(columns.shape).movedim(-1, dim).to(logits.dtype)


EXERCISE = Exercise(
    Function(
        "softmax",
        inputs={"logits": normal("a b c", std=3), "dim": value("dim")},
        naive=naive,
        cases=(
            Case("one entry", a=1, b=1, c=1, dim=-1),
            Case("one choice", a=2, b=3, c=1, dim=2),
            Case("no rows", a=0, b=2, c=3, dim=-1),
            Case("first dim", a=5, b=1, c=4, dim=0),
            Case("middle dim", a=3, b=7, c=4, dim=-2),
            Case("last dim", a=4, b=3, c=20, dim=-1),
            Case("a vector", given=lambda s, g: (torch.randn(9, generator=g).to(s.dtype),)),
            Case(
                "dim left out",
                given=lambda s, g: (torch.randn(3, 4, 5, generator=g).to(s.dtype),),
            ),
        ),
        budget=(Ops(6, views=False),),
    ),
    shipped="5dac78c908552270",
    fault="stability",
)


def extremes(generator, dtype):
    """Extreme logits by name, with a dim and weights for the gradient."""
    large = torch.randn(6, 5, generator=generator, dtype=dtype)
    large[0] += 1000
    large[1] -= 1000
    large[2, ::2] += 1000
    large[3, 1:3] -= 1000
    holes = torch.randn(4, 6, generator=generator, dtype=dtype)
    holes[0, 1] = holes[1, :5] = holes[2, 3:] = holes[3, ::2] = -torch.inf
    holes[2, :3] += 1000
    holes[3, 1::2] -= 1000
    draws = {
        "rows with logits of +-1000": (large, -1),
        "columns with logits of +-1000": (large.T.contiguous(), 0),
        "rows with logits of -inf": (holes, 1),
    }
    for name, (x, dim) in draws.items():
        yield name, (x, dim, torch.randn(x.shape, generator=generator, dtype=dtype))


def compare(submission, reference, generator, part, what):
    """Compare with the reference in float64, on the same inputs."""
    for dtype, allowed in ALLOWED.items():
        for name, (x, dim, weights) in extremes(generator, dtype):
            got = submission.run(with_gradients, "softmax", (x, dim), (0,), weights)[part]
            wide = "softmax", (x.double(), dim), (0,), weights.double()
            expected = reference.run(with_gradients, *wide)[part]
            same(got, expected, what=f"{what} of {name}", tolerance=allowed, dtype=False)


def test_stability_of_extreme_logits(submission, reference, generator):
    """Logits of +-1000 and -inf have ordinary probabilities."""
    compare(submission, reference, generator, 0, "softmax(logits)")


def test_gradient_of_extreme_logits(submission, reference, generator):
    """Logits of +-1000 and -inf have ordinary gradients."""
    compare(submission, reference, generator, 1, "the gradient")


def test_contract_basic_operations_only(submission, generator):
    """The library's softmax is not called, whatever the shape, dtype and dim."""
    for dtype in ALLOWED:
        for shape, dim in (((3, 4), -1), ((3, 4), 0), ((9,), 0), ((6, 7, 8), 1)):
            x = torch.randn(shape, generator=generator, dtype=dtype)
            used = submission.run(called, "softmax", x, dim)
            used += submission.measure(lambda kata, x, dim: kata.softmax(x, dim), x, dim).ops.ops
            found = sorted({name for name in used if "softm" in name})
            require(
                not found,
                f"It calls {', '.join(found)} of the library. Here the point is what such a "
                "function does inside: write it with exp, sum and the like.",
            )
