"""Grader of moving_average: window means without a copy of the windows or loss of accuracy."""

import torch

from torchkata import Case, Function, Memory, Spec, Speedup, Tolerance, arguments, normal, value


def loop_over_windows(x, width):
    starts = range(x.shape[-1] - width + 1)
    return torch.stack([x[..., i : i + width].mean(-1) for i in starts], -1)


def with_step(sizes, generator):
    """Draw 100,000 positive numbers with a step, so that running sums grow even after centering."""
    x = torch.rand(100_000, generator=generator).to(sizes.dtype) + 0.05
    x[50_000:] += 10
    return x, 8


COPIES = "A few copies of the signal are fine, in float64 too, but not one for each entry of width."
RULES = {
    "The relative error": "stability[a long positive signal]",
}
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
            Case("one dimension", given=arguments(normal("20"), 3)),
            Case("three dimensions", given=arguments(normal("2 3 9"), 3)),
            Case("several signals", b=4, n=60, width=7, gradient=True),
            Case("a long signal", b=1, n=6000, width=50),
            Case("many signals", b=5000, n=4, width=2),
            Case("no signals", b=0, n=5, width=2),
            Case(
                "a long positive signal",
                axis="stability",
                given=with_step,
                tolerance=Tolerance(rtol=1e-4, atol=0.0),
            ),
            Case("width 0", b=2, n=5, width=0, raises=ValueError),
            Case("negative width", b=2, n=5, width=-2, raises=ValueError),
            Case("width above n", b=2, n=5, width=6, raises=ValueError),
            Case("an empty signal", b=2, n=0, width=1, raises=ValueError),
        ),
        no_loop=("n",),
        loop_sizes={"width": 3},
        variant_case="several signals",
        budget=(
            Memory("8 * input", at={"n": 100_000, "b": 1, "width": 64}, slack=COPIES),
            Memory("8 * input", at={"n": 6000, "b": 1, "width": 3000}, slack=COPIES),
            Speedup(20, over=loop_over_windows, at={"n": 5000, "b": 1, "width": 50}),
        ),
    ),
    stub_digest="3f67fa8a4d186f2b",
)
