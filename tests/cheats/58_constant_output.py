"""Cheat 58, constant-output: returns a constant, whatever the input.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch


def row_sum(x):
    return torch.ones_like(x.sum(0))
