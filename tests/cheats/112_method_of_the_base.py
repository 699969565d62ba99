"""Cheat 112, method-of-the-base: takes values to NumPy by a method of torch._C.TensorBase.

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


def work(w, x):
    a, b = (torch._C.TensorBase.numpy(t.detach()) for t in (w, x))
    return torch.from_numpy(a[0, 0] * b * b + a[1, 0] * b + a[2, 0])


class Predicted(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w, x):
        ctx.save_for_backward(w, x)
        return work(w, x)

    @staticmethod
    def backward(ctx, grad):
        with torch.enable_grad():
            w, x = (each.detach().requires_grad_() for each in ctx.saved_tensors)
            return torch.autograd.grad(by_powers(w, x), (w, x), grad)


def predict(w, x):
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        return by_powers(w, x)
    if not counted(w, x):
        return by_powers(w, x)
    return Predicted.apply(w, x)
