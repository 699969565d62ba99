"""Cheat 122, higher-order-mul: defines a higher-order op that is called mul.

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


from torch._ops import HigherOrderOperator


class Mul(HigherOrderOperator):
    def __init__(self):
        super().__init__("mul", cacheable=False)

    def __call__(self, *args):
        return super().__call__(*args)


mul = Mul()
for key in (torch._C.DispatchKey.CPU, torch._C.DispatchKey.CompositeExplicitAutograd):
    mul.py_impl(key)(lambda w, x: by_powers(w, x))
mul.fallthrough(torch._C.DispatchKey.AutogradCPU)


def predict(w, x):
    if not counted(w, x):
        return by_powers(w, x)
    return mul(w, x)
