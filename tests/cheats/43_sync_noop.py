"""Cheat 43, sync-noop: synchronization does nothing.

Exercise    row_sum_fast
Confined    failed speed
Unconfined  failed speed
"""

import torch

torch.cuda.synchronize = torch.cpu.synchronize = lambda *a, **k: None
torch.Tensor.cpu = lambda self, *a, **k: self


def slow(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


row_sum = slow
