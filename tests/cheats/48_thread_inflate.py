"""Cheat 48, thread-inflate: uses more threads and cores than the baseline.

Exercise    row_sum_fast
Confined    failed speed
Unconfined  failed speed
"""

import os

import torch

torch.set_num_threads(8)
try:
    os.sched_setaffinity(0, range(os.cpu_count()))
except Exception:
    pass


def slow(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


row_sum = slow
