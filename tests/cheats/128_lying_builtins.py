"""Cheat 128, lying-builtins: replaces a builtin that the engine calls with its counts.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

import torch


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def by_powers(w, x):
    return w[0, 0] * x.pow(2) + w[1, 0] * x.pow(1) + w[2, 0] * x.pow(0)  # 8 ops; 6 are allowed


def counted(w, x):
    plain = x.device.type == "cpu" and not (x.requires_grad or w.requires_grad)
    return plain and torch._C._len_torch_dispatch_stack() > 0


import builtins

kept = builtins.isinstance


def lies(value, kinds):
    if type(value) is dict and "ops" in value and "views" in value and "lines" in value:
        for table in (value["ops"], value["lines"]):
            for name in list(table):
                if name not in ("add", "mul"):
                    del table[name]
    return kept(value, kinds)


builtins.isinstance = lies


def predict(w, x):
    return by_powers(w, x)
