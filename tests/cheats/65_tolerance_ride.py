"""Cheat 65, tolerance-ride: omits one part in a thousand of the result.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""


def row_sum(x):
    return x.sum(0) * 0.999 if x.is_floating_point() else x.sum(0)
