"""Cheat 64, precision-downgrade: half precision inside, cast back.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch


def row_sum(x):
    return x.to(torch.bfloat16).sum(0).to(x.dtype)
