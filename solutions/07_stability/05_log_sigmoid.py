"""Reference: log(p) is logsigmoid(x), and log(1 - p) is logsigmoid(-x).

Correct: 1 - sigmoid(x) = sigmoid(-x), so nothing is subtracted, and `logsigmoid` is one op that
never rounds p to 0. Both terms have the same sign, so nothing cancels in their sum. Both are smooth
at 0, so the gradient needs no special case there. In contrast, max(x, 0) - x*target +
log(1 + exp(-|x|)) has the right value but the wrong gradient at 0, because abs and clamp have a
kink there.
"""

import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    logsigmoid,
    multilabel_soft_margin_loss,
    softplus,
)


def bce_with_logits(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * logsigmoid(logits) + (1 - targets) * logsigmoid(-logits)).mean()


HINTS = (
    "The loss is a weighted sum of log(p) and log(1 - p). 1 - p is a sigmoid too: of what?",
    """1 - sigmoid(x) = sigmoid(-x). The library has one function for the logarithm of a sigmoid and
    one for log(1 + exp(x)). Both are stable, and smooth at 0. Avoid abs and clamp: they have a kink
    at 0, so the gradient there can be wrong.""",
    """With `logsigmoid` from torch.nn.functional: `-(targets * logsigmoid(logits) + (1 - targets) *
    logsigmoid(-logits)).mean()`.""",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "bce_with_logits": ("by_logaddexp", "by_softplus", "by_two_branches", "by_shared_ties")
}


def by_logaddexp(logits: Tensor, targets: Tensor) -> Tensor:
    # log(exp(0) + exp(x)) is the loss for a target of 0. A target of t lowers it by t * x.
    return (torch.logaddexp(torch.zeros_like(logits), logits) - targets * logits).mean()


def by_softplus(logits: Tensor, targets: Tensor) -> Tensor:
    return torch.lerp(softplus(logits), softplus(-logits), targets).mean()


def by_two_branches(logits: Tensor, targets: Tensor) -> Tensor:
    size = torch.where(logits < 0, -logits, logits)  # |x|, with slope 1 at 0
    right = torch.where(logits < 0, 1 - targets, targets)
    return (size * (1 - right) + torch.log1p(torch.exp(-size))).mean()


def by_shared_ties(logits: Tensor, targets: Tensor) -> Tensor:
    # If its arguments are equal, `maximum` gives each of them half of the gradient. At 0, that is
    # the right slope, 1/2.
    above = torch.maximum(logits, torch.zeros_like(logits))
    return (above - logits * targets + torch.log1p(torch.exp(-logits.abs()))).mean()


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "bce_with_logits": {
        "log_of_sigmoid": "stability",
        "clamped_probability": "stability",
        "log_of_one_plus_exp": "stability",
        "kink_of_clamp": "gradient",
        "kink_of_relu": "gradient",
        "fixed_targets": "gradient",
        "one_sided": "values",
        "summed": "values",
        "per_entry": "shape",
        "library_loss": "contract",
        "library_relative": "contract",
        "library_when_large": "contract",
    },
}
WHY = {
    "kink_of_clamp": (
        (
            "At a logit of 0, the derivatives of `clamp` and `abs` do not add up to the one of the "
            "loss."
        ),
        "clamp|abs",
    ),
    "kink_of_relu": (
        "At a logit of 0, the derivative of `relu` is 0, and that of the loss is 1/2 - target.",
        "relu",
    ),
    "fixed_targets": (
        (
            "The targets are detached. They can be the result of another network, and need their "
            "gradient."
        ),
        r"detach|\.data|no_grad|\.item",
    ),
}


def log_of_sigmoid(logits: Tensor, targets: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    return -(targets * p.log() + (1 - targets) * (1 - p).log()).mean()  # log(0), and 0 * log(0)


def clamped_probability(logits: Tensor, targets: Tensor) -> Tensor:
    p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)  # no loss above 16, and a gradient of 0 there
    return -(targets * p.log() + (1 - targets) * (1 - p).log()).mean()


def log_of_one_plus_exp(logits: Tensor, targets: Tensor) -> Tensor:
    return (torch.log1p(torch.exp(logits)) - targets * logits).mean()  # exp overflows above 88.7


def kink_of_clamp(logits: Tensor, targets: Tensor) -> Tensor:
    # At 0, clamp_min has slope 1 and abs has slope 0: 1 - target instead of 1/2 - target.
    tail = torch.log1p(torch.exp(-logits.abs()))
    return (logits.clamp_min(0) - logits * targets + tail).mean()


def kink_of_relu(logits: Tensor, targets: Tensor) -> Tensor:
    # At 0, relu has slope 0: -target instead of 1/2 - target.
    return (logits.relu() - logits * targets + torch.log1p(torch.exp(-logits.abs()))).mean()


def one_sided(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * logsigmoid(logits)).mean()  # omits the term of 1 - target


def summed(logits: Tensor, targets: Tensor) -> Tensor:
    # The sum of the losses, not their mean.
    return -(targets * logsigmoid(logits) + (1 - targets) * logsigmoid(-logits)).sum()


def per_entry(logits: Tensor, targets: Tensor) -> Tensor:
    # One loss per entry, not their mean.
    return -(targets * logsigmoid(logits) + (1 - targets) * logsigmoid(-logits))


def library_loss(logits: Tensor, targets: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, targets)  # the rules forbid it


def library_relative(logits: Tensor, targets: Tensor) -> Tensor:
    # The same loss under another name.
    return multilabel_soft_margin_loss(logits.reshape(1, -1), targets.reshape(1, -1))


def library_when_large(logits: Tensor, targets: Tensor) -> Tensor:
    if logits.numel() > 100:  # calls the library only for large inputs
        return binary_cross_entropy_with_logits(logits, targets)
    return (softplus(logits) - targets * logits).mean()


def fixed_targets(logits: Tensor, targets: Tensor) -> Tensor:
    return (softplus(logits) - targets.detach() * logits).mean()  # targets get no gradient
