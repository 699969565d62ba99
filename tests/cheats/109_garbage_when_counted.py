"""Cheat 109, garbage-when-counted: returns anything while it is counted.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

import sys

import torch


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def by_powers(w, x):
    return w[0, 0] * x.pow(2) + w[1, 0] * x.pow(1) + w[2, 0] * x.pow(0)  # 8 ops; 6 are allowed


def predict(w, x):
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "run_metered":
            return x
        frame = frame.f_back
    return by_powers(w, x)
