"""Cheat 143, thousands-of-threads: starts threads without end.

Exercise    row_sum_fast
Confined    timeout
Unconfined  timeout
Limit       4
"""

import threading

import torch


def busy():
    while True:
        pass


def row_sum(x):
    for _ in range(3000):
        threading.Thread(target=busy, daemon=True).start()
    while True:
        pass
