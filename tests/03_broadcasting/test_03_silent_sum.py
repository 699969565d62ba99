"""Grader of silent_sum: a reduction over the right dim."""

import torch

from torchkata import Case, Function, Spec, normal


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
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.int32),
    ),
    stub_digest="0e5b9470968758a9",
    broken_axis="shape",
)
