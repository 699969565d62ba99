"""Cheat 92, kernel-of-its-own: registers many ops as the kernel of one of PyTorch's ops.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

import torch


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def term_by_term(w, x):
    return w[0, 0] * x * x + w[1, 0] * x + w[2, 0]


library = torch.library.Library("aten", "IMPL")
library.impl("hypot", term_by_term, "CPU")


class Predicted(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w, x):
        ctx.save_for_backward(w, x)
        return torch.hypot(w, x)

    @staticmethod
    def backward(ctx, grad):
        with torch.enable_grad():
            w, x = (each.detach().requires_grad_() for each in ctx.saved_tensors)
            return torch.autograd.grad(term_by_term(w, x), (w, x), grad)


def predict(w, x):
    return Predicted.apply(w, x)
