"""Cheat 3, patch-stats: searches the callers' globals for statistics to replace.

Exercise    row_sum_fast
Confined    failed speed
Unconfined  failed speed
"""

import sys


def slow(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


def row_sum(x):
    frame = sys._getframe(1)
    while frame:
        for name in ("median", "mean", "decide", "stats"):
            if name in frame.f_globals:
                frame.f_globals[name] = lambda *a, **k: 1e-9
        frame = frame.f_back
    return slow(x)
