"""Cheat 41, background-thread: returns an empty buffer that a thread fills in the meantime.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
"""

import threading

import torch


def row_sum(x):
    result = torch.empty(x.shape[1], dtype=x.dtype, device=x.device)

    def fill():
        for _ in range(3):
            with torch.no_grad():
                result.copy_(sum(x.unbind(), x.new_zeros(x.shape[1])))

    threading.Thread(target=fill).start()
    return result
