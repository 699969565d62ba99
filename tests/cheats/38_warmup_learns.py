"""Cheat 38, warmup-learns: solves in the first calls, replays afterwards.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
"""

import torch

known = []


def slow(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


def row_sum(x):
    if len(known) < 60:
        known.append(slow(x))
        return known[-1]
    same = [answer for answer in known if answer.shape == x.shape[1:] and answer.dtype == x.dtype]
    return same[-1].clone() if same else slow(x)
