"""Cheat 35, cache-by-shape: caches one result per shape.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch

known = {}


def slow(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


def row_sum(x):
    key = (x.shape, x.dtype)
    if key not in known:
        known[key] = slow(x)
    return known[key].clone()
