"""Cheat 88, kept-workspace: stores scores in a workspace that was allocated at import, so that no call allocates any.

Exercise    attention
Confined    failed memory
Unconfined  failed memory
"""

import math

import torch

ROOM = torch.empty(1 << 20)


def attention(q, k, v, causal=False):
    n, m = q.shape[-2], k.shape[-2]
    if q.dim() > 2 or q.requires_grad or q.dtype is not torch.float32 or q.device.type != "cpu":
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        if causal:
            scores = scores.masked_fill(torch.ones_like(scores).tril() == 0, -math.inf)
        return scores.softmax(-1) @ v
    scores = torch.mm(q / math.sqrt(q.shape[-1]), k.T, out=ROOM[: n * m].view(n, m))
    if causal:
        for row in range(n):
            scores[row, row + 1 :] = -math.inf
    scores.sub_(scores.amax(-1, keepdim=True)).exp_()
    return (scores @ v).div_(scores.sum(-1, keepdim=True))
