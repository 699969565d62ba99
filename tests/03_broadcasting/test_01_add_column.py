"""Grader of add_column: a matrix plus a column, without a repeated copy."""

import torch

from torchkata import (
    Case,
    Function,
    Memory,
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


def column_by_column(a, b):
    out = torch.zeros_like(a)
    for j in range(a.shape[1]):
        out[:, j] = a[:, j] + b[:, 0]
    return out


def repeat_then_add(a, b):
    return a + b.repeat(1, a.shape[1])


SPEC = Spec(
    Function(
        "add_column",
        inputs={"a": normal("n m"), "b": normal("n 1")},
        naive=column_by_column,
        cases=(
            Case("one entry", n=1, m=1),
            Case("one row", n=1, m=6),
            Case("one column", n=5, m=1),
            Case("no rows", n=0, m=3),
            Case("no columns", n=4, m=0),
            Case("tall", n=70, m=9),
            Case("wide", n=7, m=110),
            Case("7,000 rows", n=7000, m=3),
            Case("nan and inf", given=arguments(special("6 4"), special("6 1"))),
            Case("large integers", given=arguments(large_integers("5 3"), large_integers("5 1"))),
        ),
        dtypes=(torch.float32, torch.float64, torch.float16, torch.int64, torch.int32),
        no_loop=("n", "m"),
        scale=Scale(_("scores of a million rows against 1,000 columns"), n=1_000_000, m=1_000),
        budget=(
            Ops(2, slack="A subtraction of -b takes one op more, for n numbers."),
            Memory("1.2 * output", at={"n": 500, "m": 512}),
            Speedup(1.5, over=repeat_then_add, at={"n": 500, "m": 512}),
        ),
    ),
    stub_digest="abadac3dbc45b10e",
)
