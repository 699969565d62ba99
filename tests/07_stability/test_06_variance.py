"""Grader of variance: values along any dim, and relative errors at large means."""

import torch

from torchkata import Case, Exercise, Function, normal, require, value


def naive(x, dim):
    """Slice by slice in float64: squared distances from the mean, added up."""
    moved = x.double().movedim(dim, -1)
    answers = []
    for numbers in moved.reshape(-1, x.shape[dim]).tolist():
        mean = sum(numbers) / len(numbers)
        answers.append(sum((number - mean) ** 2 for number in numbers) / len(numbers))
    return torch.tensor(answers, dtype=x.dtype).reshape(moved.shape[:-1])


EXERCISE = Exercise(
    Function(
        "variance",
        inputs={"x": normal("a b c", mean=2), "dim": value("dim")},
        naive=naive,
        cases=(
            Case("one number", a=1, b=1, c=1, dim=0),
            Case("one number in each slice", a=2, b=1, c=3, dim=1),
            Case("no slices", a=0, b=2, c=3, dim=2),
            Case("first dim", a=30, b=1, c=4, dim=0),
            Case("middle dim", a=3, b=17, c=4, dim=-2),
            Case("last dim", a=5, b=4, c=20, dim=-1),
            Case("a vector", given=lambda s, g: (torch.randn(9, generator=g).to(s.dtype), 0)),
        ),
    ),
    shipped="97325ae423a6c052",
    fault="stability",
)


def test_stability_at_large_means(submission, generator):
    """Around means of +-10,000, different for each slice, the relative error is below 1e-3."""
    for size, dim in ((50, -1), (50, 0), (300, 1), (2000, 0)):
        spread = torch.rand(14, generator=generator) * 2 - 1
        means = 10_000 * torch.cat([spread, torch.tensor([-1.0, 1.0])])
        x = torch.randn(size, 16, generator=generator) + means
        x = (x if dim == 0 else x.T).contiguous()
        got, exact = submission.call("variance", x, dim), naive(x.double(), dim)
        require(got.shape == exact.shape, f"The shape is {list(got.shape)}, not [16].")
        error = ((got.double() - exact).abs() / exact).nan_to_num(torch.inf, torch.inf)
        worst = int(error.argmax())
        mine, right, off = (float(t[worst]) for t in (got, exact, error))
        require(
            off < 1e-3,
            f"For {size} numbers around {means[worst]:,.0f} the variance is {mine:.6g}, expected "
            f"{right:.6g}: a relative error of {off:.2g}, "
            "where 0.001 is allowed. Small differences of large squares have no digits left.",
            relative_error=min(off, 1e300),
        )
