"""Cheat 102, work-while-packing: delays the work until the reply is encoded, after the clock has stopped.

Exercise    row_sum_fast
Confined    failed speed
Unconfined  failed speed
"""

import torch
from torchkata.worker.wire import encoding


def loop(x):
    total = x.new_zeros(x.shape[1])
    for i in range(len(x)):
        total = total + x[i]
    return total


class Later:
    def __init__(self, x):
        self.x = x


def row_sum(x):
    later = x.requires_grad or type(x) is not torch.Tensor or len(x) < 100
    return loop(x) if later else Later(x)


node = encoding._Encoder.node
encoding._Encoder.node = lambda self, value, depth=0: node(
    self, loop(value.x) if isinstance(value, Later) else value, depth
)
