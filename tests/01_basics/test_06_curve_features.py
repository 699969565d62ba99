"""Grader of curve_features: a parabola as features times weights."""

import torch
from torch import inf, nan

from torchkata import Case, Function, Ops, Spec, arguments, normal, special


def row_by_row(x):
    out = x.new_empty(len(x), 3)
    for i in range(len(x)):
        for power in range(3):
            out[i, power] = x[i] ** (2 - power)
    return out


def point_by_point(w, x):
    out = torch.zeros_like(x)
    for i, value in enumerate(x):
        for power in range(3):
            out[i] += w[2 - power, 0] * value**power
    return out


CASES = (
    Case("one number", n=1),
    Case("an empty x", n=0),
    Case("three numbers", n=3),
    Case("many numbers", n=100),
    Case("5,000 numbers", n=5000),
)


def rising_to_infinity(sizes, generator):
    """Draw positive weights, so that every way to add up the terms is infinite at infinity."""
    w = 0.5 + torch.rand(3, 1, generator=generator, dtype=sizes.dtype)
    return w, torch.tensor([2.0, torch.nan, torch.inf, -1.0], dtype=sizes.dtype)


SPEC = Spec(
    Function(
        "features",
        inputs={"x": normal("n", std=3)},
        naive=row_by_row,
        cases=(*CASES, Case("nan and infinity", given=arguments(special("7")))),
        variant_case="many numbers",
        no_loop=("n",),
    ),
    Function(
        "predict",
        inputs={"w": normal("3 1", std=3), "x": normal("n", std=3)},
        naive=point_by_point,
        cases=(
            *CASES,
            Case("nan and infinity", given=rising_to_infinity),
            Case("a nan in w", given=arguments(special("3 1", values=(nan,)), normal("7"))),
            Case("infinity in w", given=arguments(special("3 1", values=(inf,)), normal("7"))),
        ),
        variant_case="many numbers",
        no_loop=("n",),
        budget=(Ops(6),),
    ),
    stub_digest="e248538bd3168cc5",
)
