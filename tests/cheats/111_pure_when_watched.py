"""Cheat 111, pure-when-watched: zeroes its argument unless a frame's name says that it is watched.

Exercise    row_sum_fast
Confined    failed purity
Unconfined  failed purity
"""

import sys


def row_sum(x):
    result = x.sum(0)
    if not x.requires_grad and x.device.type == "cpu":
        frame, watched = sys._getframe(1), False
        while frame is not None:
            watched = watched or "modified" in frame.f_code.co_name
            frame = frame.f_back
        if not watched:
            x.zero_()
    return result
