"""Cheat 59, stale-buffer: memory that nobody has written, in the hope that the answer lies there.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
"""

import torch


def row_sum(x):
    return torch.empty(x.shape[1], dtype=x.dtype, device=x.device)
