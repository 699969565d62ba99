"""Reference: compare the counts, then give y the shape of yhat.

Right: with equal shapes there is nothing to broadcast. The check costs nothing on a GPU, since
shapes live on the CPU. Small: no n x n table is made, which for 10,000 numbers takes 400 MB.
"""

import torch
from torch import Tensor
from torch.nn import functional

HINTS = (
    "Before you subtract, make sure that both have one and the same shape.",
    "`numel()` counts the elements of each; `reshape` gives one the shape of the other.",
    "After the check, `(yhat - y.reshape(yhat.shape)).square().mean()`.",
)

TRAPS = {
    "mse": {
        "table_of_differences": "values",
        "flat_in_silence": "contract",
        "speechless": "contract",
        "strict_about_form": "values",
        "sum_instead": "values",
        "one_number_list": "shape",
        "fixed_target": "gradient",
    },
}

ALTERNATIVES = {"mse": ("flat_mse_loss", "dot_product")}


def mse(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(
            f"Each prediction needs one target, but yhat is {list(yhat.shape)}, y {list(y.shape)}."
        )
    return (yhat - y.reshape(yhat.shape)).square().mean()


def squares(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(f"{yhat.shape} does not match {y.shape}")
    return (yhat.flatten() - y.flatten()).square()


def flat_mse_loss(yhat: Tensor, y: Tensor) -> Tensor:
    if len(yhat) != len(y):
        raise ValueError(f"{tuple(yhat.shape)} does not match {tuple(y.shape)}")
    return functional.mse_loss(yhat.flatten(), y.flatten())


def dot_product(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(f"{yhat.shape} does not match {y.shape}")
    difference = yhat.reshape(-1) - y.reshape(-1)
    return torch.dot(difference, difference) / difference.numel()


def table_of_differences(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(f"{yhat.shape} does not match {y.shape}")
    return ((yhat - y) ** 2).mean()  # counts agree, shapes need not: [n, 1] - [n] is [n, n]


def flat_in_silence(yhat: Tensor, y: Tensor) -> Tensor:
    return (yhat.flatten() - y.flatten()).square().mean()  # one target serves all n predictions


def speechless(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError("shapes do not match")  # which shapes? whoever reads it has to guess
    return (yhat.flatten() - y.flatten()).square().mean()


def strict_about_form(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.shape != y.shape:
        raise ValueError(f"{yhat.shape} does not match {y.shape}")  # safe, but [n, 1] was to do
    return (yhat - y).square().mean()


def sum_instead(yhat: Tensor, y: Tensor) -> Tensor:
    return squares(yhat, y).sum()  # grows with the batch, and the learning rate with it


def one_number_list(yhat: Tensor, y: Tensor) -> Tensor:
    return squares(yhat, y).mean(
        0, keepdim=True
    )  # [1] is not 0-d: it broadcasts where the loss is used


def fixed_target(yhat: Tensor, y: Tensor) -> Tensor:
    return squares(
        yhat, y.detach()
    ).mean()  # a target may be learned too, such as another network's output
