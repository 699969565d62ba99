"""Cheat 40, lazy-tensor: returns a placeholder that is computed when it is read.

Exercise    row_sum_fast
Confined    failed shape
Unconfined  failed shape
"""

import torch


class Lazy:
    def __init__(self, x):
        self.x = x

    def __getattr__(self, name):
        return getattr(self.x.sum(0), name)


def row_sum(x):
    return Lazy(x)
