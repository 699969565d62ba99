"""Cheat 133, in-place-when-counted: works in place while it is counted.

Exercise    row_sum_fast
Confined    failed ops
Unconfined  failed ops
"""

import torch


def row_sum(x):
    total = x.sum(0)
    if torch._C._len_torch_dispatch_stack() and x.device.type == "cpu":
        x.zero_()
    return total
