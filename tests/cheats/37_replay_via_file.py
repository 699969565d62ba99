"""Cheat 37, replay-via-file: stores results where another process finds them.

Exercise    row_sum_fast
Confined    failed speed
Unconfined  failed values
Evidence    changed
"""

import os

import torch


def slow(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


def row_sum(x):
    path = "@FOLDER@/answers-%s.pt" % hash(tuple(x.flatten()[:4].tolist()))
    if os.path.exists(path):
        return torch.load(path)
    answer = slow(x)
    try:
        torch.save(answer.detach(), path)
    except Exception:
        pass
    return answer
