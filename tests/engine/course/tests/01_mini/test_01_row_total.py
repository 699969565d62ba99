"""Grader of row_total: one reduction, compared with a loop."""

import torch

from torchkata import Case, Function, Memory, Ops, Spec, Speedup, normal


def row_loop(x):
    total = torch.zeros(x.shape[1], dtype=x.dtype)
    for i in range(x.shape[0]):
        total += x[i]
    return total


SPEC = Spec(
    Function(
        "row_total",
        inputs={"x": normal("n d")},
        naive=row_loop,
        cases=(
            Case("one row", n=1, d=3),
            Case("no rows", n=0, d=2),
            Case("tall", n=50, d=4),
        ),
        budget=(
            Ops(1),
            Memory("output"),
            Speedup(4, over=row_loop, at={"n": 200, "d": 8}),
        ),
    ),
    stub_digest="25080b65ffe2d1d7",
)
