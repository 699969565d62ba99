"""Cheat 66, return-input-view: returns a view of the input and changes it later.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch

kept = []


def row_sum(x):
    for earlier in kept:
        with torch.no_grad():
            earlier.zero_()
    kept[:] = [x]
    return x[0] if len(x) else x.sum(0)
