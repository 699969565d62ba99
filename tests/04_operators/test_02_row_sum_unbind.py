"""Grader of row_sum_unbind: the rows by one unbind, then additions alone."""

import torch

from torchkata import Case, Spec, Function, Ops, normal, require

ADDS = {"add", "add_"}
STARTS = {"zeros", "new_zeros", "zeros_like", "full", "new_full", "full_like", "zero_", "fill_"}
STARTS |= {"empty", "new_empty", "empty_like", "clone", "copy_", "_to_copy", "detach", "alias"}
PICKS = {"select", "slice", "narrow", "split", "split_with_sizes", "as_strided", "unfold"}


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
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8),
        budget=(Ops("n + 3"),),
    ),
    stub_digest="890344d97cd5873f",
)


def row_sum(kata, x):
    return kata.row_sum(x)


def seconds(kata, x):
    """Seconds of the slicing loop and of row_sum: the least of rounds that alternate."""
    import time  # noqa: PLC0415 - probes import what they need

    def clock(function):
        start = time.perf_counter_ns()
        function(x)
        return (time.perf_counter_ns() - start) * 1e-9

    rounds = [(clock(slicing_loop), clock(kata.row_sum)) for _ in range(20)]
    return [min(times) for times in zip(*rounds, strict=True)]


def test_ops_one_unbind_and_additions(submission, generator):
    """The rows come from one unbind; what is left are additions."""
    for n in (37, 2, 1):
        count = submission.measure(row_sum, torch.randn(n, 5, generator=generator)).ops
        seen = f"For n = {n} it makes {count.sentence()}"
        others = ", ".join(sorted(set(count.ops) - ADDS - STARTS))
        require(
            not others,
            f"{seen}. Here the rows are to be added one by one, by + or torch.add; what does not "
            f"belong to that is {others}.",
        )
        one = count.views.get("unbind", 0) == 1 and not PICKS & set(count.views)
        require(
            one,
            f"{seen}. The rows have to come from exactly one unbind, which hands out all of them "
            "at once; a view for each row (x[i], a slice) costs an op for each row.",
        )
        adds = sum(count.ops.get(name, 0) for name in ADDS)
        require(adds >= n - 1, f"{seen}. It takes at least {n - 1} additions to add {n} rows.")


def test_ops_time_is_shown(submission, reference, generator):
    """The time over the slicing loop goes into the report; the ops carry the grade."""
    x = torch.randn(500, 10, generator=generator)
    (loop, yours), (_, best) = submission.run(seconds, x), reference.run(seconds, x)
    for who, figure in (("slicing loop", loop), ("yours", yours), ("reference", best)):
        submission.session.rung(who, "n=500, d=10", seconds_median=figure)
