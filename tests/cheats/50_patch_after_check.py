"""Cheat 50, patch-after-check: correct in the first calls, then fast and wrong.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
"""

calls = [0]


def row_sum(x):
    calls[0] += 1
    return x.sum(0) if calls[0] < 30 else x.new_zeros(x.shape[1])
