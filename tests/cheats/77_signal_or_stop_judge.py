"""Cheat 77, signal-or-stop-judge: stops a process of the same user.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    killed
"""

import os
import signal

import torch

try:
    os.kill(int("@VICTIM@"), signal.SIGTERM)
except OSError:
    pass


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
