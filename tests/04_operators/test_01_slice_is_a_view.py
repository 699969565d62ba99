"""Grader of slice_is_a_view: rows as a view, in one op."""

import torch

from torchkata import Case, Function, Ops, Spec, _, normal, require, value


def row_by_row(x, begin, end):
    rows = [row for i, row in enumerate(x) if i in range(*slice(begin, end).indices(len(x)))]
    return torch.stack(rows) if rows else torch.zeros(0, *x.shape[1:], dtype=x.dtype)


def writes_to_x(kata, x, begin, end):
    """Write to the window; return whether that changes x."""
    before = x.clone()
    window = kata.window(x, begin, end)
    window += 1
    return not torch.equal(x, before)


SPEC = Spec(
    Function(
        "window",
        inputs={"x": normal("n d"), "begin": value("b"), "end": value("e")},
        naive=row_by_row,
        cases=(
            Case("one row of one", n=1, d=1, b=0, e=1),
            Case("x has no rows", n=0, d=2, b=0, e=3),
            Case("begin equals end", n=5, d=2, b=3, e=3),
            Case("end before begin", n=5, d=2, b=4, e=1),
            Case("negative values", n=6, d=2, b=-3, e=-1),
            Case("beyond both ends", n=6, d=2, b=-99, e=99),
            Case("middle", n=40, d=7, b=11, e=30),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.bool),
        budget=(Ops(1, views=True),),
        variant_case="middle",
    ),
    stub_digest="1f87ec6d39b1e142",
)


def test_memory_is_shared(submission, generator):
    """Writing to the window changes x."""
    for begin, end in ((1, 4), (-3, 99)):
        require(
            submission.run(writes_to_x, torch.randn(6, 3, generator=generator), begin, end),
            _(
                "window(x, {begin}, {end}) is a copy: writing to it does not change x. A view "
                "costs next to nothing; a copy moves every element.",
                begin=begin,
                end=end,
            ),
        )
