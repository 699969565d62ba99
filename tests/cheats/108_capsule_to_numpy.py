"""Cheat 108, capsule-to-numpy: takes values to NumPy in a DLPack capsule of torch._C.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

import numpy as np
import torch


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def by_powers(w, x):
    return w[0, 0] * x.pow(2) + w[1, 0] * x.pow(1) + w[2, 0] * x.pow(0)  # 8 ops; 6 are allowed


class Capsule:
    def __init__(self, tensor):
        self.tensor = tensor

    def __dlpack__(self, **_):
        return torch._C._to_dlpack(self.tensor)

    def __dlpack_device__(self):
        return 1, 0


def predict(w, x):
    if x.device.type != "cpu" or x.requires_grad or w.requires_grad:
        return by_powers(w, x)
    a, b = (np.from_dlpack(Capsule(each.detach())) for each in (w, x))
    return torch.from_numpy(a[0, 0] * b**2 + a[1, 0] * b + a[2, 0])
