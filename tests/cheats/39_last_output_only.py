"""Cheat 39, last-output-only: computes only every seventh result.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch

calls = [0]


def row_sum(x):
    calls[0] += 1
    return x.sum(0) if calls[0] % 7 == 0 else x.new_zeros(x.shape[1])
