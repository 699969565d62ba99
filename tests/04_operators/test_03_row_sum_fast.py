"""Grader of row_sum_fast: one reduction, compared with two loops."""

import torch

from torchkata import (
    Case,
    Function,
    Ops,
    Scale,
    Spec,
    Speedup,
    _,
    arguments,
    large_integers,
    normal,
    special,
)


def slicing_loop(x):
    total = torch.zeros(x.shape[1], dtype=x.dtype if x.is_floating_point() else torch.int64)
    for i in range(x.shape[0]):
        total += x[i]
    return total


def unbind_loop(x):
    total = torch.zeros(x.shape[1], dtype=x.dtype if x.is_floating_point() else torch.int64)
    for row in torch.unbind(x):
        total += row
    return total


SPEC = Spec(
    Function(
        "row_sum",
        inputs={"x": normal("n d")},
        naive=slicing_loop,
        cases=(
            Case("one entry", n=1, d=1),
            Case("one row", n=1, d=4),
            Case("no rows", n=0, d=3),
            Case("tall", n=500, d=10),
            Case("wide", n=3, d=700),
            Case("nan and inf", given=arguments(special("6 4"))),
            Case("large integers", given=arguments(large_integers("5 3"))),
            Case("5000 rows", given=arguments(normal("5000 1"))),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.int32),
        no_loop=("n",),
        loop_sizes={"d": 3},
        scale=Scale(_("the sum of a million embeddings"), n=1_000_000, d=768),
        budget=(
            Ops(2, slack="A product with torch.ones takes one op for the ones."),
            Speedup(50, over=slicing_loop, at={"n": 500, "d": 10}),
            Speedup(30, over=unbind_loop, at={"n": 500, "d": 10}),
        ),
    ),
    stub_digest="21d36eaa32910e66",
)
