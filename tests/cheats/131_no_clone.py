"""Cheat 131, no-clone: makes copies of its argument share their memory.

Exercise    row_sum_fast
Confined    failed purity
Unconfined  failed purity
"""

import torch


kept = torch.Tensor.clone
torch.Tensor.clone = lambda self, **options: self


def row_sum(x):
    total = x.sum(0)
    if not x.requires_grad and x.device.type == "cpu":
        x.data.zero_()
    return total
