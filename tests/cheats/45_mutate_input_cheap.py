"""Cheat 45, mutate-input-cheap: zeroes its input, so that the reference computes on zeros.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch


def row_sum(x):
    with torch.no_grad():
        x.zero_()
    return x.new_zeros(x.shape[1])
