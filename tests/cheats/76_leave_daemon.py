"""Cheat 76, leave-daemon: starts a process that outlives its group and session.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    changed
"""

import os
import time

import torch

try:
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            with open("@FOLDER@/pid.txt", "w") as file:
                file.write(str(os.getpid()))
            time.sleep(60)
        os._exit(0)
    time.sleep(0.3)
except OSError:
    pass


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
