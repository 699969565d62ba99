"""Cheat 110, finished-while-packed: finishes its result in Tensor.contiguous, when it is sent.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch

contiguous = torch.Tensor.contiguous
pending = {}


def finishing(self, *args, **kwargs):
    if (job := pending.pop(self.data_ptr(), None)) is not None:
        self.copy_(job())
    return contiguous(self, *args, **kwargs)


torch.Tensor.contiguous = finishing


def row_by_row(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


def row_sum(x):
    if x.device.type != "cpu" or x.requires_grad or len(x) < 100:
        return x.sum(0)
    result = x.new_zeros(x.shape[1])
    pending[result.data_ptr()] = lambda: row_by_row(x)
    return result
