"""Cheat 15, gc-poison-expected: fills all tensors that it finds with nan, in the hope that nan equals anything.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import gc

import torch


def row_sum(x):
    for thing in gc.get_objects():
        if isinstance(thing, torch.Tensor) and thing.is_floating_point() and thing is not x:
            thing.detach().fill_(float("nan"))
    return torch.full_like(
        x[0] if len(x) else x.sum(0), float("nan") if x.is_floating_point() else 0
    )
