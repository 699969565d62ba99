"""Cheat 96, false-meters: patches the engine's meters, so that a loop of hundreds of ops counts none.

Exercise    row_sum_fast
Confined    failed speed
Unconfined  failed speed
"""

from torchkata.worker.meters.ops import OpMeter

OpMeter._measure = lambda self, func, args, kwargs: func(*args, **kwargs)


def row_sum(x):
    total = x.new_zeros(x.shape[1])
    for i in range(len(x)):
        total = total + x[i]
    return total
