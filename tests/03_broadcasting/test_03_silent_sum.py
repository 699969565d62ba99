"""Grader of silent_sum: a reduction over the right dim."""

import torch
from torch import inf, nan

from torchkata import Case, Function, Spec, arguments, large_integers, normal, special


def entry_by_entry(a, b):
    dtype = a.dtype if a.is_floating_point() else torch.int64
    out = torch.zeros(b.shape[0], dtype=dtype)
    for j in range(b.shape[0]):
        for i in range(a.shape[0]):
            out[j] += a[i, 0] + b[j]
    return out


SPEC = Spec(
    Function(
        "column_sum",
        inputs={"a": normal("n 1"), "b": normal("m")},
        naive=entry_by_entry,
        cases=(
            Case("one row", n=1, m=4),
            Case("one column", n=5, m=1),
            Case("no rows", n=0, m=3),
            Case("no columns", n=3, m=0),
            Case("wide", n=3, m=17),
            Case("tall", n=40, m=6),
            Case("square", n=6, m=6),
            Case("7,000 rows", n=7000, m=3),
            Case("7,000 columns", n=3, m=7000),
            Case("nan and inf in b", given=arguments(normal("3 1"), special("5"))),
            Case("nan in a", given=arguments(special("3 1", values=(nan,)), normal("5"))),
            Case("inf in a", given=arguments(special("3 1", values=(inf,)), normal("5"))),
            Case("large integers", given=arguments(large_integers("5 1"), large_integers("3"))),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.int32),
        no_loop=("n", "m"),
    ),
    stub_digest="ce7e0abe6f70f0c1",
    broken_axis="shape",
)
