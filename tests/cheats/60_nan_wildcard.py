"""Cheat 60, nan-wildcard: returns nan everywhere.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
"""


def row_sum(x):
    return x.sum(0) * float("nan")
