"""Grader of safe_norm: norms and gradients of ordinary, long, short and zero vectors."""

import torch

from torchkata import Case, Function, Spec, Tolerance, arguments, normal, value


def naive(x, dim=-1):
    """Compute vector by vector with Python floats."""
    moved = x.double().movedim(dim, -1)
    rows = moved.reshape(-1, x.shape[dim]).tolist()
    norms = [sum(number * number for number in row) ** 0.5 for row in rows]
    return torch.tensor(norms, dtype=x.dtype).reshape(moved.shape[:-1])


def of_lengths(*scales, dim=-1):
    """Draw vectors whose lengths are about these scales, three of each, in turn."""

    def draw(sizes, generator):
        lengths = torch.tensor(scales, dtype=sizes.dtype).repeat(3)[:, None]
        x = torch.randn(len(lengths), 5, generator=generator).to(sizes.dtype) * lengths
        x[0, 1:3] = 0
        return {-1: x, 0: x.T.contiguous(), 1: x.T.repeat(2, 1, 1)}[dim], dim

    return draw


def with_nan(sizes, generator):
    x = torch.randn(4, 5, generator=generator).to(sizes.dtype)
    x[1, 2] = x[3] = torch.nan
    return (x,)


def edge(name, *scales, dim=-1):
    return Case(name, axis="stability", given=of_lengths(*scales, dim=dim), gradient=True)


def side_by_side(name, dim=-1):
    """Make the case of long and short vectors side by side, judged by relative error."""
    return Case(
        name,
        axis="stability",
        given=of_lengths(1e30, 1e-30, 1.0, 1e20, 1e-20, dim=dim),
        tolerance=Tolerance(rtol=1e-5, atol=0.0),
        why="Each vector needs its own scale.",
    )


RULES = {
    "The gradient is": "gradient",
    "Vectors are independent": "stability",
    "contains nan": "values[vectors with nan]",
}
SPEC = Spec(
    Function(
        "safe_norm",
        inputs={"x": normal("a b c"), "dim": value("dim")},
        naive=naive,
        cases=(
            Case("one entry", a=1, b=1, c=1, dim=-1),
            Case("vectors of size 1", a=2, b=3, c=1, dim=2),
            Case("no vectors", a=0, b=2, c=3, dim=-1),
            Case("first dim", a=5, b=1, c=4, dim=0),
            Case("middle dim", a=3, b=7, c=4, dim=-2),
            Case("last dim", a=4, b=3, c=20, dim=-1),
            Case("a vector", given=arguments(normal("9"))),
            Case("default dim", given=arguments(normal("3 4 5"))),
            edge("zero vectors", 0.0, 1.0),
            edge("zero columns", 0.0, 1.0, dim=0),
            edge("zero vectors along the middle dim", 0.0, 1.0, dim=1),
            Case("5,000 vectors", a=5000, b=1, c=5, dim=-1),
            Case("vectors with nan", given=with_nan),
            edge("vectors of length 1e30", 1e30),
            edge("vectors of length 1e-30", 1e-30),
            edge("mixed lengths", 1e30, 0, 1e-30),
            side_by_side("long and short vectors side by side"),
            side_by_side("long and short columns side by side", dim=0),
            side_by_side("long and short vectors along the middle dim", dim=1),
        ),
    ),
    stub_digest="2e97de969774e0be",
    broken_axis="stability",
)
