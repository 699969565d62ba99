"""Cheat 101, clock-by-block: fast in the single calls that check values, slow in the long blocks that are timed.

Exercise    row_sum_fast
Confined    failed speed
Unconfined  failed speed
"""

import sys


def row_sum(x):
    frame = sys._getframe(1)
    while frame is not None and "calls" not in frame.f_locals:
        frame = frame.f_back
    if frame is None or len(frame.f_locals["calls"]) == 1:
        return x.sum(0)
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total
