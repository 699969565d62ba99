"""Grader of row_sum_unbind: all rows from one unbind, and then only additions."""

import torch

from torchkata import (
    Case,
    Function,
    Ops,
    Scale,
    Spec,
    _,
    arguments,
    large_integers,
    normal,
    require,
    same,
    special,
)

ADDITIONS = {"add", "add_"}
INITIAL = {"zeros", "new_zeros", "zeros_like", "full", "new_full", "full_like", "zero_", "fill_"}
INITIAL |= {"empty", "new_empty", "empty_like", "clone", "copy_", "_to_copy", "detach", "alias"}


def slicing_loop(x):
    total = torch.zeros(x.shape[1], dtype=x.dtype)
    for i in range(x.shape[0]):
        total += x[i]
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
            Case("no columns", n=3, d=0),
            Case("tall", n=500, d=10),
            Case("wide", n=3, d=700),
            Case("1,100 rows", n=1100, d=20),
            Case("nan and inf", given=arguments(special("6 4")), n=6, d=4),
            Case("large integers", given=arguments(large_integers("5 3")), n=5, d=3),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8),
        scale=Scale(_("the sum of a million embeddings"), n=1_000_000, d=768),
        budget=(Ops("n + 3", views=True),),
    ),
    stub_digest="e3b77bde5f376a46",
)


def call_row_sum(kata, x):
    return kata.row_sum(x)


def best_seconds(kata, x):
    """Time the slicing loop and row_sum in alternation; return the best seconds and the sum."""
    import time  # noqa: PLC0415 - probes import what they need

    def timed(function):
        start = time.perf_counter_ns()
        value = function(x)
        return (time.perf_counter_ns() - start) * 1e-9, value

    rounds = [(timed(slicing_loop)[0], *timed(kata.row_sum)) for _round in range(20)]
    loops, times, values = zip(*rounds, strict=True)
    return {"slicing loop": min(loops), "row_sum": min(times), "value": values[-1]}


def test_ops_rows_are_added(submission, reference, generator):
    """All ops are views and additions of rows."""
    for n in (37, 2, 1):
        x = torch.randn(n, 5, generator=generator)
        measured = submission.measure(call_row_sum, x)
        count = measured.ops
        same(measured.value, reference.call("row_sum", x))
        others = ", ".join(sorted(set(count.ops) - ADDITIONS - INITIAL))
        require(
            not others,
            _(
                "For n = {n}, row_sum runs {ops}. In this exercise, add the rows one by one, with "
                "+ or torch.add; replace {others}.",
                n=n,
                ops=count.describe(),
                others=others,
            ),
        )
        additions = sum(count.ops.get(name, 0) for name in ADDITIONS)
        require(
            additions >= n - 1,
            _(
                "For n = {n}, row_sum runs {ops}. Adding {n} rows takes at least {least} "
                "additions, got {additions}.",
                n=n,
                ops=count.describe(),
                least=n - 1,
                additions=additions,
            ),
        )


def test_ops_time_is_shown(submission, reference, generator):
    """The timed calls return the right sum; their time is shown, and not graded."""
    x = torch.randn(500, 10, generator=generator)
    mine, theirs = submission.run(best_seconds, x), reference.run(best_seconds, x)
    same(mine["value"], theirs["value"], what=_("the result of the calls that are timed"))
    for who, seconds in (
        ("slicing loop", mine["slicing loop"]),
        ("yours", mine["row_sum"]),
        ("reference", theirs["row_sum"]),
    ):
        submission.add_cost(who, "n=500, d=10", seconds_median=seconds)
