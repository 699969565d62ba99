"""Cheat 40, lazy-tensor: a placeholder that is computed when somebody looks at it.

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
