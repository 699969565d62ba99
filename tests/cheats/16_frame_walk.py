"""Cheat 16, frame-walk: reads expected values from the callers' frames.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import sys

import torch


def row_sum(x):
    frame = sys._getframe(1)
    while frame:
        for value in [*frame.f_locals.values(), *frame.f_code.co_consts]:
            if isinstance(value, torch.Tensor) and value.shape == x.shape[1:]:
                return value
        frame = frame.f_back
    return x.new_zeros(x.shape[1])
