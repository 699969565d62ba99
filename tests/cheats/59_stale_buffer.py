"""Cheat 59, stale-buffer: returns uninitialized memory, in the hope that it contains the result.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
"""

import torch


def row_sum(x):
    return torch.empty(x.shape[1], dtype=x.dtype, device=x.device)
