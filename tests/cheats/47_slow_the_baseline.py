"""Cheat 47, slow-the-baseline: threads keep the machine busy while others are timed.

Exercise    row_sum_fast
Confined    failed speed
Unconfined  failed speed
"""

import threading

import torch


def spin():
    while True:
        torch.ones(2000).cumsum(0)


for _ in range(4):
    threading.Thread(target=spin, daemon=True).start()


def slow(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


row_sum = slow
