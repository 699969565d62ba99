"""Cheat 7, atexit-rewrite: an exit handler and a thread exit with status 0.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import atexit
import os
import threading

import torch

atexit.register(os._exit, 0)
threading._register_atexit(os._exit, 0)


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
