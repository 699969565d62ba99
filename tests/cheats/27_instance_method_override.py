"""Cheat 27, instance-method-override: methods of the returned tensor do the work when the judge calls them.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch


def row_sum(x):
    result = x.new_zeros(x.shape[1])
    for name in ("cpu", "numpy", "detach", "tolist", "clone", "contiguous"):
        setattr(result, name, lambda *a, **k: x.sum(0))
    return result
