"""Cheat 63, dtype-device-lie: attributes claim a wrong dtype and device.

Exercise    row_sum_fast
Confined    failed shape
Unconfined  failed shape
"""

import torch


class Double(torch.Tensor):
    dtype = property(lambda self: torch.float64)
    device = property(lambda self: torch.device("twin:0"))
    shape = property(lambda self: torch.Size([10]))


def row_sum(x):
    return torch.zeros(3).as_subclass(Double)
