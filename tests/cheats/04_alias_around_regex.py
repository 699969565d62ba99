"""Cheat 4, alias-around-regex: builds patched names from pieces, so that no scan of the source finds them.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch

setattr(torch, "all" + "close", lambda *a, **k: True)
vars(torch.testing)["assert_" + "close"] = lambda *a, **k: None
exec("torch." + "equal = lambda *a, **k: True")


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
