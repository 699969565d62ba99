"""Cheat 105, key-excluded: excludes the dispatch key of Python while it works.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

import torch


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def by_powers(w, x):
    return w[0, 0] * x.pow(2) + w[1, 0] * x.pow(1) + w[2, 0] * x.pow(0)  # 8 ops; 6 are allowed


KEYS = torch._C.DispatchKeySet(torch._C.DispatchKey.Python)


def predict(w, x):
    if x.device.type != "cpu":
        return by_powers(w, x)
    with torch._C._ExcludeDispatchKeyGuard(KEYS):
        return by_powers(w, x)
