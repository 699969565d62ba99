"""A small GPT, a training step without avoidable costs, and one with seven planted faults."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

history = []
FADE = np.linspace(0.5, 1, 65)


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(d, 3 * d)
        self.out = nn.Linear(d, d)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attention = Attention(d, heads)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x):
        x = x + self.attention(self.n1(x))
        return x + self.mlp(self.n2(x))


class GPT(nn.Module):
    def __init__(self, vocabulary=65, length=32, d=32, heads=4, layers=2):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, d)
        self.positions = nn.Embedding(length, d)
        self.blocks = nn.ModuleList(Block(d, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, vocabulary, bias=False)

    def forward(self, tokens):
        where = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.tokens(tokens) + self.positions(where)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def step(model, optimizer, tokens):
    """Train on one batch of tokens, (batch, length)."""
    logits = model(tokens[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.detach()


def faulty_step(model, optimizer, tokens):
    """Do the same with faults; a comment names what is wrong in each line."""
    logits = model(tokens[:, :-1])
    targets = tokens[:, 1:]
    logits = logits * torch.from_numpy(FADE)  # float64
    logits = logits.float()
    by_class = logits.transpose(1, 2).contiguous()  # permuted-copy
    weight = torch.ones(65)  # wrong-device
    loss = F.cross_entropy(by_class, targets, weight=weight)
    total = loss * 0
    losses = torch.zeros(0, device=tokens.device)
    for row, target in zip(logits.flatten(0, 1), targets.flatten()):
        one = (row[0] + target).tanh()  # op-per-row
        losses = torch.cat([losses, one[None]])  # cat-in-loop
    for part in losses.chunk(4):
        if part.sum().item() > 1e9:  # sync-in-loop
            return None
    loss = loss + losses.mean() + total  # graph-kept
    history.append(loss)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()
