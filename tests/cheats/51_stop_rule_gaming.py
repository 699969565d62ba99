"""Cheat 51, stop-rule-gaming: sleeps, so that the CPU clock sees nothing.

Exercise    row_sum_fast
Confined    failed speed
Unconfined  failed speed
"""

import time

import torch


def row_sum(x):
    time.sleep(0.002)
    return x.sum(0)
