"""Cheat 103, loop-operation: a loop that PyTorch runs as one operation.

Exercise    row_sum_unbind
Confined    failed
Unconfined  failed
"""

import torch
from torch._higher_order_ops.while_loop import while_loop


def row_sum(x):
    if not len(x):
        return x.sum(0)

    def more(i, total):
        return i < len(x)

    def add(i, total):
        return i + 1, total + x[i]

    return while_loop(more, add, (torch.zeros((), dtype=torch.int64), x.new_zeros(x.shape[1])))[1]
