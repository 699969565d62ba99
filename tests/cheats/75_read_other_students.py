"""Cheat 75, read-other-students: reads other learners' submissions.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    told
"""

import torch

try:
    with open("@FOLDER@/students/other.py") as file:
        print("told", file.read())
except OSError:
    pass


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
