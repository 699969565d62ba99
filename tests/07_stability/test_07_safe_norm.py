"""Grader of safe_norm: norms and gradients of ordinary, long, short and zero vectors."""

import torch

from torchkata import Case, Exercise, Function, normal, require, value


def naive(x, dim=-1):
    """Vector by vector in Python floats."""
    moved = x.double().movedim(dim, -1)
    rows = moved.reshape(-1, x.shape[dim]).tolist()
    norms = [sum(number * number for number in row) ** 0.5 for row in rows]
    return torch.tensor(norms, dtype=x.dtype).reshape(moved.shape[:-1])


def times(*scales, dim=-1):
    """Vectors of each of these lengths, several in turn."""

    def given(sizes, generator):
        lengths = torch.tensor(scales, dtype=sizes.dtype).repeat(3)[:, None]
        x = torch.randn(len(lengths), 5, generator=generator).to(sizes.dtype) * lengths
        x[0, 1:3] = 0
        return (x if dim == -1 else x.T.contiguous()), dim

    return given


EXERCISE = Exercise(
    Function(
        "safe_norm",
        inputs={"x": normal("a b c"), "dim": value("dim")},
        naive=naive,
        cases=(
            Case("one entry", a=1, b=1, c=1, dim=-1),
            Case("vectors of one entry", a=2, b=3, c=1, dim=2),
            Case("no vectors", a=0, b=2, c=3, dim=-1),
            Case("first dim", a=5, b=1, c=4, dim=0),
            Case("middle dim", a=3, b=7, c=4, dim=-2),
            Case("last dim", a=4, b=3, c=20, dim=-1),
            Case("a vector", given=lambda s, g: (torch.randn(9, generator=g).to(s.dtype),)),
            Case(
                "dim left out", given=lambda s, g: (torch.randn(3, 4, 5, generator=g).to(s.dtype),)
            ),
            Case("zero vectors", axis="stability", given=times(0.0, 1.0), gradient=True),
            Case("zero columns", axis="stability", given=times(0.0, 1.0, dim=0), gradient=True),
            Case("vectors of 1e30", axis="stability", given=times(1e30), gradient=True),
            Case("vectors of 1e-30", axis="stability", given=times(1e-30), gradient=True),
            Case("mixed lengths", axis="stability", given=times(1e30, 0, 1e-30), gradient=True),
        ),
    ),
    shipped="2b770d229a7cea3b",
    fault="stability",
)


def test_stability_side_by_side(submission, generator):
    """Long and short vectors next to each other each have their own norm."""
    lengths = torch.tensor([1e30, 1e-30, 1.0, 1e20, 1e-20]).repeat(4)
    x = torch.randn(20, 6, generator=generator) * lengths[:, None]
    for given, dim in ((x, -1), (x.T.contiguous(), 0)):
        got, exact = submission.call("safe_norm", given, dim), naive(x.double())
        require(got.shape == exact.shape, f"The shape is {list(got.shape)}, not [20].")
        error = ((got.double() - exact).abs() / exact).nan_to_num(torch.inf, torch.inf)
        mine, right, off = (float(t[error.argmax()]) for t in (got, exact, error))
        require(
            off < 1e-5,
            f"With vectors of many lengths side by side, a norm is {mine:.6g}, expected {right:.6g}"
            f" (relative error {off:.2g}). Each vector needs a scale of its own.",
            relative_error=min(off, 1e300),
        )
