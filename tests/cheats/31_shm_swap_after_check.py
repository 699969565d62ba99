"""Cheat 31, shm-swap-after-check: a thread fills in the result after it was returned.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import threading
import time

import torch


def row_sum(x):
    result = (
        x.new_zeros(x.shape[1]).share_memory_() if not x.requires_grad else x.new_zeros(x.shape[1])
    )

    def late():
        time.sleep(0.005)
        with torch.no_grad():
            result.copy_(x.sum(0))

    threading.Thread(target=late).start()
    return result
