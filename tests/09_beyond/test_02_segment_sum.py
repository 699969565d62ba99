"""Grader of segment_sum: one indexed addition, compared with one mask per segment."""

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
    integers,
    large_integers,
    normal,
    special,
    value,
)


def mask_per_segment(values, segments, count):
    out = torch.zeros(count, values.shape[1], dtype=values.dtype)
    for s in range(count):
        out[s] = values[segments == s].sum(0)
    return out


def skewed(sizes, generator):
    """Draw rows of which most are in one segment, and the last segments are empty."""
    values = torch.randn(sizes.n, sizes.d, generator=generator)
    segments = torch.randint(0, sizes.count // 2, (sizes.n,), generator=generator)
    segments[torch.rand(sizes.n, generator=generator) < 0.8] = 1
    return values, segments, sizes.count


def special_values(sizes, generator):
    """Draw one row of nan and inf for each of three segments, and ordinary ones for others."""
    values = special("9 1", dtype=torch.float32)(sizes, generator)
    return values, torch.arange(9), 12


RULES = {"No Python loop": "ops[at most 4 ops, not counting views]"}
SPEC = Spec(
    Function(
        "segment_sum",
        inputs={
            "values": normal("n d"),
            "segments": integers("n", 0, "count"),
            "count": value("count"),
        },
        naive=mask_per_segment,
        cases=(
            Case("one row", n=1, d=1, count=1),
            Case("one segment", n=7, d=3, count=1),
            Case("one column", n=6, d=1, count=3),
            Case("no rows", n=0, d=3, count=4),
            Case("no columns", n=5, d=0, count=2),
            Case("no segments", given=arguments(normal("0 3"), integers("0", 0, 1), 0)),
            Case("mostly empty segments", n=4, d=3, count=40),
            Case("one large segment", given=skewed, n=300, d=2, count=8),
            Case("many", n=200, d=5, count=20),
            Case("5,000 rows and segments", n=5000, d=1, count=5000),
            Case("nan and inf", given=special_values),
            Case(
                "whole numbers above 2**24, or 2**53 in int64",
                given=arguments(large_integers("8 2"), integers("8", 0, 5), 5),
            ),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.int32),
        scale=Scale(
            _("messages along ten million edges of a graph"), n=10_000_000, d=64, count=1_000_000
        ),
        budget=(
            Ops(4, slack="Converting the zeros, or the result, to another dtype takes an op."),
            Speedup(20, over=mask_per_segment, at={"n": 5000, "d": 16, "count": 500}),
        ),
        gradient=("values",),
        variant_case="many",
    ),
    stub_digest="0f44fd4afbf575c7",
)
