"""Cheat 103, branch-of-cond: does all of its work in a branch of torch.cond, one op.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

import torch


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def by_powers(w, x):
    return w[0, 0] * x.pow(2) + w[1, 0] * x.pow(1) + w[2, 0] * x.pow(0)  # 8 ops; 6 are allowed


def predict(w, x):
    if x.device.type != "cpu" or x.requires_grad or w.requires_grad:
        return by_powers(w, x)
    return torch.cond(torch.tensor(True), by_powers, lambda w, x: x.clone(), (w, x))
