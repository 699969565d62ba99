"""Cheat 132, in-place-when-timed: works in place while it is timed.

Exercise    row_sum_fast
Confined    failed purity
Unconfined  failed purity
"""

import torch


import sys


def row_sum(x):
    total = x.sum(0)
    if (
        not x.requires_grad
        and x.device.type == "cpu"
        and sys._getframe(1).f_code.co_name == "<listcomp>"
    ):
        x.zero_()
    return total
