"""Cheat 65, tolerance-ride: every thousandth of the answer is left out.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""


def row_sum(x):
    return x.sum(0) * 0.999 if x.is_floating_point() else x.sum(0)
