"""Reference: log(p) is logsigmoid(x), and log(1 - p) is logsigmoid(-x).

Right: 1 - sigmoid(x) = sigmoid(-x), so nothing is subtracted, and `logsigmoid` is one operation
that never rounds p to 0 on the way. Both terms are positive, so nothing cancels in their sum, and
both are smooth at 0, so the gradient needs no special case.
"""

import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    logsigmoid,
    multilabel_soft_margin_loss,
    softplus,
)

HINTS = (
    "The loss is a weighted sum of log(p) and log(1 - p); 1 - p is a sigmoid as well. Of what?",
    """1 - sigmoid(x) = sigmoid(-x). The library has the logarithm of a sigmoid as one function,
    and log(1 + exp(x)) too: both are stable, and smooth at 0.""",
    """With `logsigmoid` of torch.nn.functional: `-(targets * logsigmoid(logits) + (1 - targets) *
    logsigmoid(-logits)).mean()`.""",
)

TRAPS = {
    "bce_with_logits": {
        "log_of_sigmoid": "stability",
        "clamped_probability": "stability",
        "log_of_one_plus_exp": "stability",
        "kink_of_clamp": "gradient",
        "kink_of_relu": "gradient",
        "one_sided": "values",
        "summed": "values",
        "per_entry": "shape",
        "library_loss": "contract",
        "library_relative": "contract",
        "library_when_large": "contract",
    },
}

ALTERNATIVES = {
    "bce_with_logits": ("by_logaddexp", "by_softplus", "by_two_branches", "by_shared_ties")
}


def bce_with_logits(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * logsigmoid(logits) + (1 - targets) * logsigmoid(-logits)).mean()


def by_logaddexp(logits: Tensor, targets: Tensor) -> Tensor:
    # log(exp(0) + exp(x)), the loss of the target 0; each unit of target takes x away
    return (torch.logaddexp(torch.zeros_like(logits), logits) - targets * logits).mean()


def by_softplus(logits: Tensor, targets: Tensor) -> Tensor:
    return torch.lerp(softplus(logits), softplus(-logits), targets).mean()


def by_two_branches(logits: Tensor, targets: Tensor) -> Tensor:
    size = torch.where(logits < 0, -logits, logits)  # |x|, with the slope 1 at 0
    right = torch.where(logits < 0, 1 - targets, targets)
    return (size * (1 - right) + torch.log1p(torch.exp(-size))).mean()


def by_shared_ties(logits: Tensor, targets: Tensor) -> Tensor:
    # Where its arguments are equal, `maximum` gives each half of the gradient: 1/2 at 0, as is due.
    above = torch.maximum(logits, torch.zeros_like(logits))
    return (above - logits * targets + torch.log1p(torch.exp(-logits.abs()))).mean()


def log_of_sigmoid(logits: Tensor, targets: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    return -(targets * p.log() + (1 - targets) * (1 - p).log()).mean()  # 0 * -inf, and -inf


def clamped_probability(logits: Tensor, targets: Tensor) -> Tensor:
    p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)  # no loss above 16, and no gradient there
    return -(targets * p.log() + (1 - targets) * (1 - p).log()).mean()


def log_of_one_plus_exp(logits: Tensor, targets: Tensor) -> Tensor:
    return (torch.log1p(torch.exp(logits)) - targets * logits).mean()  # exp overflows above 88.7


def kink_of_clamp(logits: Tensor, targets: Tensor) -> Tensor:
    # At 0 the slope of clamp_min is 1 and that of abs is 0: 1 - target instead of 1/2 - target.
    tail = torch.log1p(torch.exp(-logits.abs()))
    return (logits.clamp_min(0) - logits * targets + tail).mean()


def kink_of_relu(logits: Tensor, targets: Tensor) -> Tensor:
    # The slope of relu at 0 is 0: the gradient is -target.
    return (logits.relu() - logits * targets + torch.log1p(torch.exp(-logits.abs()))).mean()


def one_sided(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * logsigmoid(logits)).mean()  # forgets what a target of 0 costs


def summed(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * logsigmoid(logits) + (1 - targets) * logsigmoid(-logits)).sum()


def per_entry(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * logsigmoid(logits) + (1 - targets) * logsigmoid(-logits))


def library_loss(logits: Tensor, targets: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, targets)


def library_relative(logits: Tensor, targets: Tensor) -> Tensor:
    return multilabel_soft_margin_loss(logits.reshape(1, -1), targets.reshape(1, -1))  # the same


def library_when_large(logits: Tensor, targets: Tensor) -> Tensor:
    if logits.numel() > 100:
        return binary_cross_entropy_with_logits(logits, targets)
    return (softplus(logits) - targets * logits).mean()
