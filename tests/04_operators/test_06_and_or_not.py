"""Grader of and_or_not: conditions that hold per element."""

import torch

from torchkata import Case, Function, Spec, Speedup, arguments, normal, value

NAN, INF = float("nan"), float("inf")


def element_loop(x, low, high):
    return torch.tensor([low <= v < high for v in x.flatten().tolist()]).bool().reshape(x.shape)


def opposite_loop(x, low, high):
    return torch.tensor([not low <= v < high for v in x.flatten().tolist()]).bool().reshape(x.shape)


def edges(_sizes, _generator):
    return torch.tensor([[-INF, -1.0, -0.5, 0.0], [NAN, 1.0, 0.999, INF]]), -0.5, 1.0


def whole_numbers(_sizes, generator):
    x = torch.randperm(21, generator=generator) % 9 - 4  # all of -4 to 4, shuffled
    return x.view(3, 7), -1.5, 2.5


def near_bounds(sizes, _generator):
    """Make the numbers next to the bounds; float32 rounds both bounds up, as it must in a loop."""
    if not sizes.dtype.is_floating_point:
        return torch.tensor([0, 1], dtype=sizes.dtype), 0.1, 0.6
    bounds = torch.tensor([0.1, 0.6], dtype=sizes.dtype)
    around = [bounds.nextafter(bounds.new_tensor(to)) for to in (-INF, INF)]
    return torch.cat([bounds, *around]), 0.1, 0.6


def large_near_bounds(_sizes, _generator):
    low, high = 2**53 + 1, 2**53 + 4
    return torch.arange(low - 3, high + 3), low, high


def condition(name, naive, **options):
    return Function(
        name,
        inputs={"x": normal("n"), "low": value(-0.5), "high": value(1.0)},
        naive=naive,
        cases=(
            Case("one element", n=1),
            Case("no elements", n=0),
            Case("many", n=200),
            Case("edges and nan", given=edges),
            Case("whole numbers, fractional bounds", given=whole_numbers),
            Case("x is 0-d", given=lambda _s, g: (torch.rand((), generator=g), 0, 0.5)),
            Case("an empty range", given=lambda _s, g: (torch.randn(9, generator=g), 1, -1)),
            Case("x is next to the bounds", given=near_bounds),
            Case("integers above 2**53", given=large_near_bounds),
            Case("a matrix", given=arguments(normal("4 4"), -0.5, 0.5)),
        ),
        no_loop=("n",),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.int32),
        gradient=False,
        **options,
    )


SPEC = Spec(
    condition("in_range", element_loop, budget=(Speedup(5, over=element_loop, at={"n": 10000}),)),
    condition("outside", opposite_loop, budget=(Speedup(5, over=opposite_loop, at={"n": 10000}),)),
    stub_digest="e41adf5ef17cb471",
    broken_axis="values",
)
