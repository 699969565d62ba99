"""Reference: compare the numbers of elements, then give y the shape of yhat.

Correct: with equal shapes there is nothing to broadcast. Cheap: shapes are known on the CPU, so the
check does not synchronize with a GPU. Small: there is no n x n table, which takes 400 MB for 10,000
float32 predictions.
"""

import torch
from torch import Tensor
from torch.nn import functional


def mse(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(
            f"expected one target per prediction, got yhat {list(yhat.shape)}, y {list(y.shape)}"
        )
    return (yhat - y.reshape(yhat.shape)).square().mean()


HINTS = (
    "Before you subtract, make sure that both tensors have the same shape.",
    "`numel()` counts elements; `reshape` gives one tensor the shape of the other.",
    "After the check, `(yhat - y.reshape(yhat.shape)).square().mean()`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"mse": ("flat_mse_loss", "dot_product")}


def flat_mse_loss(yhat: Tensor, y: Tensor) -> Tensor:
    if len(yhat) != len(y):
        raise ValueError(f"{tuple(yhat.shape)} does not match {tuple(y.shape)}")
    return functional.mse_loss(yhat.flatten(), y.flatten())


def dot_product(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(f"{yhat.shape} does not match {y.shape}")
    difference = yhat.reshape(-1) - y.reshape(-1)
    return torch.dot(difference, difference) / difference.numel()


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "mse": {
        "table_of_differences": "values",
        "flat_in_silence": "contract",
        "error_without_shapes": "contract",
        "strict_about_form": "values",
        "sum_instead": "values",
        "plain_errors": "values",
        "one_number_list": "shape",
        "fixed_target": "gradient",
        "diagonal_of_the_table": "memory",
        "loop_over_pairs": "ops",
        "mean_without_nan": "values",
        "squared_root": "gradient",
    },
}
WHY = {
    "plain_errors": "The errors are not squared, so errors of both signs cancel.",
    "sum_instead": "The result is the sum of the squared errors. Divide by their number.",
}


def table_of_differences(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(f"{yhat.shape} does not match {y.shape}")
    return ((yhat - y) ** 2).mean()  # equal counts, but [n, 1] - [n] is [n, n]


def flat_in_silence(yhat: Tensor, y: Tensor) -> Tensor:
    return (yhat.flatten() - y.flatten()).square().mean()  # a single target broadcasts silently


def error_without_shapes(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError("shapes do not match")  # does not say which shapes
    return (yhat.flatten() - y.flatten()).square().mean()


def strict_about_form(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.shape != y.shape:
        raise ValueError(f"{yhat.shape} does not match {y.shape}")  # also rejects [n, 1] and [n]
    return (yhat - y).square().mean()


def squares(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(f"{yhat.shape} does not match {y.shape}")
    return (yhat.flatten() - y.flatten()).square()


def sum_instead(yhat: Tensor, y: Tensor) -> Tensor:
    return squares(yhat, y).sum()  # grows with the batch, and so does the step size


def one_number_list(yhat: Tensor, y: Tensor) -> Tensor:
    return squares(yhat, y).mean(0, keepdim=True)  # returns [1], not a 0-d tensor


def fixed_target(yhat: Tensor, y: Tensor) -> Tensor:
    # A target may need a gradient too, for example if it is the output of another network.
    return squares(yhat, y.detach()).mean()


def diagonal_of_the_table(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(f"{yhat.shape} does not match {y.shape}")
    table = yhat.reshape(-1, 1) - y.reshape(1, -1)  # n * n differences, of which n are needed
    return table.diagonal().square().mean()


def loop_over_pairs(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(f"{yhat.shape} does not match {y.shape}")
    pairs = zip(yhat.flatten(), y.flatten(), strict=True)  # two ops per pair
    return torch.stack([(p - t) ** 2 for p, t in pairs]).mean()


def mean_without_nan(yhat: Tensor, y: Tensor) -> Tensor:
    return squares(yhat, y).nanmean()  # hides that a prediction is nan


def squared_root(yhat: Tensor, y: Tensor) -> Tensor:
    return squares(yhat, y).mean().sqrt() ** 2  # the slope of the root at 0 is infinite


def plain_errors(yhat: Tensor, y: Tensor) -> Tensor:
    if yhat.numel() != y.numel():
        raise ValueError(f"{yhat.shape} does not match {y.shape}")
    return (yhat.flatten() - y.flatten()).mean()  # errors of both signs cancel
