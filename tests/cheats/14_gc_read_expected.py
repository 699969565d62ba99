"""Cheat 14, gc-read-expected: returns any tensor of the right shape that it finds in memory.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import gc

import torch


def row_sum(x):
    for thing in gc.get_objects():
        if isinstance(thing, torch.Tensor) and thing.shape == x.shape[1:] and thing is not x:
            return thing.clone()
    return x.new_zeros(x.shape[1])
