"""Grader of curve_features: a parabola as features times weights."""

import torch

from torchkata import Case, Function, Ops, Spec, normal


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
)

SPEC = Spec(
    Function("features", {"x": normal("n", std=3)}, row_by_row, CASES),
    Function(
        "predict",
        {"w": normal("3 1", std=3), "x": normal("n", std=3)},
        point_by_point,
        CASES,
        budget=(Ops(6, views=True),),
    ),
    stub_digest="3434034001483616",
)
