"""Grader of segment_sum: one indexed addition, compared with one mask per segment."""

import torch

from torchkata import Case, Function, Ops, Spec, Speedup, arguments, integers, normal, value


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
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.int32),
        budget=(
            Ops(4),
            Speedup(20, over=mask_per_segment, at={"n": 5000, "d": 16, "count": 500}),
        ),
        gradient=("values",),
    ),
    stub_digest="0f44fd4afbf575c7",
)
