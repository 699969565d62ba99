"""Cheat 12, pipe-interpose: puts its own pipe between the worker and the judge.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import os
import threading

import torch

real = os.dup(4)
there, here = os.pipe()
os.dup2(here, 4)


def edit():
    while data := os.read(there, 65536):
        os.write(real, data.replace(b"zeros", b"right"))


threading.Thread(target=edit, daemon=True).start()


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
