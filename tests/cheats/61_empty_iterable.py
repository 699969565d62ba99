"""Cheat 61, empty-iterable: returns an empty list, so that nothing is compared.

Exercise    row_sum_fast
Confined    failed shape
Unconfined  failed shape
"""


def row_sum(x):
    return []
