"""Cheat 58, constant-output: a constant, whatever comes in.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch


def row_sum(x):
    return torch.ones_like(x.sum(0))
