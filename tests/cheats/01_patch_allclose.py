"""Cheat 1, patch-allclose: every comparison of torch returns true.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch

torch.allclose = torch.equal = torch.isclose = lambda *a, **k: True
torch.testing.assert_close = lambda *a, **k: None


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
