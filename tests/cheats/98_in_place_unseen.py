"""Cheat 98, in-place-unseen: overwrites arguments, and patches the comparison so that nothing seems to have changed.

Exercise    row_sum_fast
Confined    failed purity
Unconfined  failed purity
"""

import torch

torch.equal = lambda *a, **k: True


def row_sum(x):
    result = x.sum(0)
    x.detach().numpy().fill(0) if x.device.type == "cpu" else None
    return result
