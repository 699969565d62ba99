"""Cheat 44, precompute-at-import: builds a table of results for guessed inputs at import.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch

table = {}
for seed in range(200):
    guess = torch.randn(500, 10, generator=torch.Generator().manual_seed(seed))
    table[guess[0, 0].item()] = guess.sum(0)


def row_sum(x):
    key = x.flatten()[0].item() if x.numel() else None
    return table.get(key, x.new_zeros(x.shape[1]))
