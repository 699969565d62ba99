"""Cheat 56, hard-coded-answers: the answers of the cases that the text shows.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import torch


def row_sum(x):
    answers = {(1, 4): torch.ones(4), (500, 10): torch.full((10,), 3.0)}
    return answers.get(tuple(x.shape), torch.zeros(x.shape[1]))
