"""Grader of variance: values along any dim, and the relative error for large means."""

import torch

from torchkata import Case, Function, Spec, Tolerance, arguments, normal, special, value


def naive(x, dim):
    """Average the squared distances from the mean, slice by slice in float64."""
    moved = x.double().movedim(dim, -1)
    variances = []
    for numbers in moved.reshape(-1, x.shape[dim]).tolist():
        mean = sum(numbers) / len(numbers)
        variances.append(sum((number - mean) ** 2 for number in numbers) / len(numbers))
    return torch.tensor(variances, dtype=x.dtype).reshape(moved.shape[:-1])


def far_from_zero(size, dim):
    """Make the case of slices with different means up to +-10,000, judged by relative error."""

    def draw(sizes, generator):
        spread = torch.rand(14, generator=generator) * 2 - 1
        means = 10_000 * torch.cat([spread, torch.tensor([-1.0, 1.0])])
        x = torch.randn(size, 16, generator=generator).to(sizes.dtype) + means
        return (x if dim == 0 else x.T).contiguous(), dim

    return Case(
        f"{size} numbers around +-10,000 in each {'column' if dim == 0 else 'row'}",
        axis="stability",
        given=draw,
        tolerance=Tolerance(rtol=1e-4, atol=0.0),
        why="The small difference of two large squares has no accurate digits left.",
    )


RULES = {
    "Divide by n": "values",
    "the relative error": "stability",
    "can have a different mean": "stability",
    "contains nan or inf": "values[nan and inf]",
}
SPEC = Spec(
    Function(
        "variance",
        inputs={"x": normal("a b c", mean=2), "dim": value("dim")},
        naive=naive,
        cases=(
            Case("one number", a=1, b=1, c=1, dim=0),
            Case("one row", a=1, b=1, c=6, dim=-1),
            Case("one number per slice", a=2, b=1, c=3, dim=1),
            Case("no slices", a=0, b=2, c=3, dim=2),
            Case("first dim", a=30, b=1, c=4, dim=0),
            Case("middle dim", a=3, b=17, c=4, dim=-2),
            Case("last dim", a=5, b=4, c=20, dim=-1),
            Case("a vector", given=arguments(normal("9"), 0)),
            Case("nan and inf", given=arguments(special("8 5"), 1)),
            far_from_zero(50, dim=-1),
            far_from_zero(50, dim=0),
            far_from_zero(300, dim=1),
            far_from_zero(2000, dim=0),
        ),
    ),
    stub_digest="0dce42fb80d7cd9e",
    broken_axis="stability",
)
