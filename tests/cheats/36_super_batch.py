"""Cheat 36, super-batch: counts calls and searches for the inputs of the next calls.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
"""

import gc

import torch

known = {}


def slow(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


def row_sum(x):
    if id(x) not in known:
        known.clear()
        for thing in gc.get_objects():
            if isinstance(thing, torch.Tensor) and thing.shape == x.shape:
                known[id(thing)] = slow(thing)
    return known.pop(id(x), None) if id(x) in known else slow(x)
