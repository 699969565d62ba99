"""Cheat 104, modes-switched-off: switches off dispatch modes while it works.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

import torch
from torch.utils._python_dispatch import _disable_current_modes


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def by_powers(w, x):
    return w[0, 0] * x.pow(2) + w[1, 0] * x.pow(1) + w[2, 0] * x.pow(0)  # 8 ops; 6 are allowed


def predict(w, x):
    if x.device.type != "cpu":
        return by_powers(w, x)
    with _disable_current_modes():
        return by_powers(w, x)
