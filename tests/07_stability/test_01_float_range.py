"""Grader of float_range: the exact limits of four dtypes."""

import torch

from torchkata import Case, Function, Spec, Tolerance, _, arguments, equal, none_of, value


def search(dtype):
    """Halve 1 until it becomes 0; add powers of 2 to 0 as long as the sum is exact and finite."""

    def rounded(number):
        return torch.tensor(number, dtype=torch.float64).to(dtype).item()

    small = 1.0
    while rounded(small / 2) > 0:
        small /= 2
    large, step = 0.0, 2.0**1023
    while step > 2.0**-24:
        if rounded(large + step) == large + step < float("inf"):
            large += step
        step /= 2
    return small, large


RULES = {
    "Both numbers are exact": "values",
    "half of it is 0": "values",
    "no finite number of that dtype is larger": "values",
    "print as": None,
    "A Python float has 64 bits": None,
}
SPEC = Spec(
    Function(
        "float_range",
        inputs={"dtype": value(torch.float32)},
        naive=search,
        cases=(
            Case("float32"),
            Case("float64", given=arguments(torch.float64)),
            Case("float16", given=arguments(torch.float16)),
            Case("bfloat16", given=arguments(torch.bfloat16)),
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


def types(kata, dtype):
    """Return the type of the result, and the types in it other than float."""
    numbers = kata.float_range(dtype)
    kind = "tuple" if isinstance(numbers, tuple) else type(numbers).__name__
    return kind, [type(number).__name__ for number in numbers if not isinstance(number, float)]


def test_contract_floats(submission):
    """The result is a tuple of Python floats, even if they are whole numbers."""
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        kind, others = submission.run(types, dtype)
        equal(kind, "tuple", what=_("The type of the result"))
        none_of(
            others,
            what=_("Values returned by float_range({dtype}) that are not floats", dtype=dtype),
        )
