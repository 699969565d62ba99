"""Cheat 107, kernel-object: registers an object without code as the kernel of one of PyTorch's ops.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

import functools

import torch


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def by_powers(w, x):
    return w[0, 0] * x.pow(2) + w[1, 0] * x.pow(1) + w[2, 0] * x.pow(0)  # 8 ops; 6 are allowed


library = torch.library.Library("aten", "IMPL")
library.impl("hypot", functools.partial(by_powers), "CPU")


class Predicted(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w, x):
        ctx.save_for_backward(w, x)
        return torch.hypot(w, x)

    @staticmethod
    def backward(ctx, grad):
        with torch.enable_grad():
            w, x = (each.detach().requires_grad_() for each in ctx.saved_tensors)
            return torch.autograd.grad(by_powers(w, x), (w, x), grad)


def predict(w, x):
    return Predicted.apply(w, x)
