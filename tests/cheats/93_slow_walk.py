"""Cheat 93, slow-walk: each call takes nearly as long as one may, so that all of them take hours.

Exercise    row_sum_fast
Confined    timeout
Unconfined  timeout
"""

import time


def row_sum(x):
    time.sleep(1.5)
    return x.sum(0)
