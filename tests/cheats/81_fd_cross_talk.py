"""Cheat 81, fd-cross-talk: listens to descriptors of other workers.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    never told
"""

import os
import stat

import torch

found = []
for descriptor in range(5, 4096):
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            found.append(descriptor)
    except OSError:
        pass
if found:
    print("told", found)


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
