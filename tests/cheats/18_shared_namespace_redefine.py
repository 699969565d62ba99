"""Cheat 18, shared-namespace-redefine: redefines names that input factories and references might look up.

Exercise    row_sum_fast
Confined    error contract
Unconfined  error contract
"""

import builtins

import torch

n = d = m = 0
builtins.len = lambda thing: 0
builtins.abs = lambda thing: 0
inputs = cases = slicing_loop = reference = lambda *a, **k: torch.zeros(0)


def row_sum(x):
    return x.new_zeros(x.shape[1])
