"""Stability 05: log sigmoid. Binary cross entropy for logits of any size, with exact gradients.

Task
    A binary classifier outputs a logit x for the probability p = sigmoid(x) = 1 / (1 + exp(-x)).
    Return the mean over all entries of

        -(target * log(p) + (1 - target) * log(1 - p))

    In float32, two steps of this formula fail: exp(-x) is inf below x = -88.7, and log(0) is -inf
    if p or 1 - p is rounded to 0 (1 - p already at x = 17). The correct losses are
    ordinary numbers:

        >>> bce_with_logits(torch.tensor([1000.0, -1000.0]), torch.tensor([1.0, 1.0]))
        tensor(500.)

Shapes and units
    logits     any shape with at least one entry, float32 or float64, any device; entries from -1000
               to 1000
    targets    same shape, dtype and device as logits; any values from 0 to 1
    return     [] (0-d), the mean over all entries

Rules
    The gradient of the loss with respect to a logit x is (sigmoid(x) - target) / n, where n is the
    number of entries. At x = 0, it is (1/2 - target) / n. Gradients flow to targets too. In
    float64, losses and gradients are accurate to 1e-8. If any logit is nan, the loss is nan. Do not
    call a loss function of the library, such as binary_cross_entropy, cross_entropy or
    soft_margin_loss. All other functions are allowed.

Budget
    No budget.

Hints
    1. The loss is a weighted sum of log(p) and log(1 - p). 1 - p is a sigmoid too: of what?
    Levels 2 and 3: `nox -s hint -- log_sigmoid`.
"""

import torch
from torch import Tensor


def bce_with_logits(logits: Tensor, targets: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
