"""Cheat 93, slow-walk: each call takes almost as long as allowed, so that all of them take hours.

Exercise    row_sum_fast
Confined    timeout
Unconfined  timeout
Limit       0.5
"""

import time


def row_sum(x):
    time.sleep(0.4)
    return x.sum(0)
