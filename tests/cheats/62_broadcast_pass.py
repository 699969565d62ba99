"""Cheat 62, broadcast-pass: returns one number, which would broadcast.

Exercise    row_sum_fast
Confined    failed shape
Unconfined  failed shape
"""


def row_sum(x):
    return x.sum().reshape(1)
