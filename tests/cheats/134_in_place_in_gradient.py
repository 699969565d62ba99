"""Cheat 134, in-place-in-gradient: works in place while its gradient is computed.

Exercise    row_sum_fast
Confined    failed gradient
Unconfined  failed gradient
"""

import torch


def row_sum(x):
    total = x.sum(0)
    if x.requires_grad and x.device.type == "cpu":
        x.data.zero_()
    return total
