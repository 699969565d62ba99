"""Cheat 139, read-by-attribute: looks for the values of the device among its attributes.

Exercise    topk_accuracy
Confined    failed ops
Unconfined  failed ops
"""

import torch


def honest(logits, labels, ks):
    hits = logits.topk(min(max(ks), logits.shape[1]), dim=1).indices == labels[:, None]
    return {k: hits[:, :k].any(1).float().mean() for k in ks}


def topk_accuracy(logits, labels, ks=(1, 5)):
    result = honest(logits, labels, ks)
    if logits.device.type == "twin" and logits.numel():
        value = read(logits)
        if value > 1e9:
            return {}
    return result


def read(x):
    found = [v for v in vars(x).values() if torch.is_tensor(v)]
    return found[0].sum().item() if found else x.sum().item()
