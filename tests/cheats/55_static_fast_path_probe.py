"""Cheat 55, static-fast-path-probe: reads a few rows and guesses the rest.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
"""


def row_sum(x):
    return x[:5].mean(0) * len(x) if len(x) > 20 else x.sum(0)
