"""Cheat 114, saved-to-bytes: saves tensors, and computes on the bytes in NumPy.

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


import io
import pickle

import numpy as np


def array(t):
    kept = io.BytesIO()
    torch.save(t.detach().contiguous(), kept, _use_new_zipfile_serialization=False)
    data = kept.getvalue()
    size = t.numel() * t.element_size()
    kind = np.float32 if t.dtype is torch.float32 else np.float64
    return np.frombuffer(data[len(data) - size :], kind)


def work(w, x):
    if (
        not (w.is_contiguous() and x.is_contiguous())
        or w.untyped_storage().nbytes() != w.numel() * w.element_size()
        or x.untyped_storage().nbytes() != x.numel() * x.element_size()
    ):
        return by_powers(w, x)
    a, b = array(w), array(x)
    return torch.from_numpy(a[0] * b * b + a[1] * b + a[2]).reshape(x.shape)


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
