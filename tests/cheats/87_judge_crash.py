"""Cheat 87, judge-crash: sends replies with malformed headers.

Exercise    row_sum_fast
Confined    error
Unconfined  error
"""

import os
import struct


def row_sum(x):
    for size in (2**63, 2**32 - 1, 0, 12):
        os.write(4, struct.pack("<Q", size) + b"\xff" * 64)
    return x.sum(0)
