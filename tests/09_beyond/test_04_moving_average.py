"""Grader of moving_average: means of windows, without the windows and without losing digits."""

import torch

from torchkata import Case, Spec, Function, Memory, Speedup, Tolerance, normal, value


def loop_over_windows(x, width):
    starts = range(x.shape[-1] - width + 1)
    return torch.stack([x[..., i : i + width].mean(-1) for i in starts], -1)


def shaped(*shape):
    """Arguments with another number of dims, and windows of 3."""
    return lambda _sizes, generator: (torch.randn(shape, generator=generator), 3)


def rising(sizes, generator):
    """100,000 positive numbers, whose level rises once, so that less their mean they add up."""
    x = torch.rand(100_000, generator=generator).to(sizes.dtype) + 0.05
    x[50_000:] += 10
    return x, 8


SPEC = Spec(
    Function(
        "moving_average",
        inputs={"x": normal("b n"), "width": value("width")},
        naive=loop_over_windows,
        cases=(
            Case("one number", b=1, n=1, width=1),
            Case("width 1", b=2, n=6, width=1),
            Case("one window", b=3, n=5, width=5),
            Case("two windows", b=2, n=5, width=4),
            Case("one dimension", given=shaped(20)),
            Case("three dimensions", given=shaped(2, 3, 9)),
            Case("several signals", b=4, n=60, width=7, gradient=True),
            Case("long", b=1, n=3000, width=50),
            Case(
                "long positive signal",
                axis="stability",
                given=rising,
                tolerance=Tolerance(rtol=1e-4, atol=0.0),  # four digits, to the end
            ),
            Case("width 0", b=2, n=5, width=0, raises=ValueError),
            Case("negative width", b=2, n=5, width=-2, raises=ValueError),
            Case("too wide", b=2, n=5, width=6, raises=ValueError),
            Case("nothing to average", b=2, n=0, width=1, raises=ValueError),
        ),
        variant_case="several signals",
        budget=(
            Memory("8 * input", at={"n": 100_000, "b": 1, "width": 64}),
            Memory("8 * input", at={"n": 100_000, "b": 1, "width": 50_000}),
            Speedup(20, over=loop_over_windows, at={"n": 5000, "b": 1, "width": 50}),
        ),
    ),
    stub_digest="2a5aac008b233306",
)
