"""Cheat 57, seed-guess: draws the inputs again from common seeds.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch


def row_sum(x):
    for seed in (0, 1, 42, 1234, 2026):
        torch.manual_seed(seed)
        guess = torch.randn(x.shape)
        if torch.equal(guess, x.detach().float().cpu()):
            return guess.sum(0)
    return x.new_zeros(x.shape[1])
