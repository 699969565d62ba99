"""Cheat 130, agreeing-mode: leaves a mode on that says that its argument is unchanged.

Exercise    row_sum_fast
Confined    failed purity
Unconfined  failed purity
"""

import torch


from torch.overrides import TorchFunctionMode


class Agree(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.equal:
            return True
        return func(*args, **(kwargs or {}))


Agree().__enter__()


def row_sum(x):
    total = x.sum(0)
    if not x.requires_grad and x.device.type == "cpu":
        x.data.zero_()
    return total
