"""Grader of float_range: both ends of four dtypes, exactly."""

import torch

from torchkata import Case, Spec, Function, Tolerance, require, value


def search(dtype):
    """Go down from 1 by halves; go up bit by bit as long as the number stays finite."""

    def held(number):
        return torch.tensor(number, dtype=torch.float64).to(dtype).item()

    small = 1.0
    while held(small / 2) > 0:
        small /= 2
    large, step = 0.0, 2.0**1023
    while step > 2.0**-24:
        if held(large + step) == large + step < float("inf"):
            large += step
        step /= 2
    return small, large


def of(dtype):
    return lambda _sizes, _generator: (dtype,)


SPEC = Spec(
    Function(
        "float_range",
        inputs={"dtype": value(torch.float32)},
        naive=search,
        cases=(
            Case("float32"),
            Case("float64", given=of(torch.float64)),
            Case("float16", given=of(torch.float16)),
            Case("bfloat16", given=of(torch.bfloat16)),
        ),
        dtypes=(torch.float32,),
        layouts=(),
        gradient=False,
        device=False,
        purity=False,
        tolerance=Tolerance(rtol=0.0, atol=0.0),
    ),
    stub_digest="9980c2df45bb9ca7",
)


def kinds(kata, dtype):
    numbers = kata.float_range(dtype)
    return [type(number).__name__ for number in numbers if not isinstance(number, float)]


def test_contract_floats(submission):
    """Both numbers are Python floats, for whole ones too."""
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        found = submission.run(kinds, dtype)
        require(not found, f"For {dtype} a number comes as {', '.join(found)}; give Python floats.")
