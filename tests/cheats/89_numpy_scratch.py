"""Cheat 89, numpy-scratch: computes the scores in NumPy, whose memory no meter sees, with a custom gradient.

Exercise    attention
Confined    failed memory
Unconfined  failed memory
"""

import math

import numpy as np
import torch


class Weighed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, causal):
        ctx.save_for_backward(q, k, v)
        ctx.causal = causal
        a, b, c = (x.detach().cpu().numpy() for x in (q, k, v))
        scores = a @ b.swapaxes(-1, -2) / math.sqrt(a.shape[-1])
        if causal:
            scores = np.where(np.tril(np.ones(scores.shape[-2:])) == 0, -np.inf, scores)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        result = (scores @ c) / scores.sum(-1, keepdims=True)
        return torch.from_numpy(result.astype(a.dtype)).to(q.device)

    @staticmethod
    def backward(ctx, grad):
        with torch.enable_grad():
            q, k, v = (x.detach().requires_grad_() for x in ctx.saved_tensors)
            scores = q @ k.mT / math.sqrt(q.shape[-1])
            if ctx.causal:
                seen = torch.ones(scores.shape[-2:], device=q.device).tril() == 0
                scores = scores.masked_fill(seen, -math.inf)
            return (*torch.autograd.grad(scores.softmax(-1) @ v, (q, k, v), grad), None)


def attention(q, k, v, causal=False):
    return Weighed.apply(q, k, v, causal)
