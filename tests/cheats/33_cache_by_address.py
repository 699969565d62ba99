"""Cheat 33, cache-by-address: caches results by the address of the input.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
"""

import torch

known = {}


def slow(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


def row_sum(x):
    key = x.data_ptr()
    if key not in known:
        known[key] = slow(x)
    return known[key].clone()
