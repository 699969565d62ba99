"""Cheat 46, shrink-problem: sums only the first rows.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""


def row_sum(x):
    return x[:8].sum(0)
