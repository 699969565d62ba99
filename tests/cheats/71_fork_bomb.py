"""Cheat 71, fork-bomb: starts processes (twenty, which end by themselves).

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    changed
"""

import os
import time

import torch

try:
    for number in range(20):
        if os.fork() == 0:
            open("@FOLDER@/child-%d.txt" % number, "w").close()
            time.sleep(0.5)
            os._exit(0)
except OSError:
    pass


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
