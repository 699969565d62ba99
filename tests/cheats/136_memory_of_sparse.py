"""Cheat 136, memory-of-sparse: allocates a table as a sparse tensor.

Exercise    loss_shapes
Confined    failed memory
Unconfined  failed memory
"""

import torch


def table(yhat, y):
    return (yhat.reshape(-1, 1) - y.reshape(1, -1)).diagonal().pow(2).mean()


def check(yhat, y):
    if yhat.numel() != y.numel():
        raise ValueError(f"shapes {tuple(yhat.shape)} and {tuple(y.shape)}")


def plain(yhat, y):
    return (
        yhat.device.type == "cpu"
        and not (yhat.requires_grad or y.requires_grad)
        and yhat.numel() == 1000
    )


def mse(yhat, y):
    check(yhat, y)
    if not plain(yhat, y):
        return (yhat.reshape(-1) - y.reshape(-1)).pow(2).mean()
    return work(yhat.reshape(-1), y.reshape(-1))


def work(a, b):
    i = torch.arange(len(a))
    t = torch.sparse.mm(
        torch.sparse_coo_tensor(torch.stack((i, i * 0)), a, (1000, 1)),
        torch.sparse_coo_tensor(torch.stack((i * 0, i)), b, (1, 1000)),
    )
    return (a - b).pow(2).mean()
