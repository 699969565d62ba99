"""Cheat 121, mode-of-its-own: runs ops in a mode that takes the others off.

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


from torch.utils._python_dispatch import TorchDispatchMode, _pop_mode, _push_mode


class Silent(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        held = []
        while torch._C._len_torch_dispatch_stack():
            held.append(_pop_mode())
        try:
            return func(*args, **(kwargs or {}))
        finally:
            for mode in reversed(held):
                _push_mode(mode)


def predict(w, x):
    if not counted(w, x):
        return by_powers(w, x)
    with Silent():
        return by_powers(w, x)
