"""Cheat 78, read-judge-memory: reads the memory of the judge.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    told
"""

import torch

try:
    with open("/proc/@JUDGE@/environ", "rb") as file:
        if b"PATH" in file.read():
            print("told @SECRET@")
except OSError:
    pass


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
