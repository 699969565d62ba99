"""Cheat 137, memory-of-an-array: works in the memory of an array of Python.

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


import array


def work(a, b):
    t = torch.frombuffer(array.array("f", bytes(4_000_000)), dtype=torch.float32).reshape(
        1000, 1000
    )
    torch.sub(a.reshape(-1, 1), b, out=t)
    return t.diagonal().pow(2).mean()
