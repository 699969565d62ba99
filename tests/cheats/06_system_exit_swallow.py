"""Cheat 6, system-exit-swallow: raises exceptions that `except Exception` does not catch.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""


def row_sum(x):
    raise SystemExit(0)
