"""Reference: simplify the logarithm on paper, before anything is rounded.

Correct: log(exp(x) / sum) is x - log(sum), so a logit of -1000 stays -1000 and never becomes
exp(-1000) = 0. One product is still nan: 0 * -inf. The reference replaces its second factor. If it
masked the product instead, the gradient of logits would be right, but the gradient of labels would
contain 0 * inf.
"""

import torch
from torch import Tensor


def soft_cross_entropy(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    log = torch.log_softmax(logits, dim)
    log = log.masked_fill((labels == 0) & (logits == -torch.inf), 0)
    return -(labels * log).sum(dim)


HINTS = (
    "The logarithm of a softmax has a simple formula that does not compute the softmax itself.",
    """log(exp(x) / sum) = x - log(sum). If the label is 0 and the logit is -inf, their product is
    nan. Which of the two factors can you replace with a finite number?""",
    """`log = torch.log_softmax(logits, dim)`, then `log = log.masked_fill((labels == 0) &
    (logits == -torch.inf), 0)`. Return minus the sum of `labels * log` along `dim`.""",
)

EQUIVALENT = {
    "infinity limited in soft_cross_entropy: labels": "labels are not infinite",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"soft_cross_entropy": ("by_logsumexp", "shifted_by_hand", "masked_product")}


def by_logsumexp(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    below = torch.logsumexp(logits, dim, keepdim=True) - logits  # -log(softmax), >= 0
    below = torch.where((labels == 0) & below.isinf(), torch.zeros_like(below), below)
    return torch.linalg.vecdot(labels, below, dim=dim)


def shifted_by_hand(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    x = logits - logits.amax(dim, keepdim=True).detach()
    log_sum = x.exp().sum(dim).log()
    possible = (labels > 0) | ~x.isinf()
    return labels.sum(dim) * log_sum - (labels * torch.where(possible, x, 0)).sum(dim)


def masked_product(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    terms = labels * torch.log_softmax(logits, dim)
    return -torch.where((labels == 0) & logits.isinf(), 0.0, terms).sum(dim)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "soft_cross_entropy": {
        "log_of_softmax": "stability",
        "clamped": "stability",
        "plus_epsilon": "stability",
        "by_xlogy": "stability",
        "zero_times_infinity": "stability",
        "never_infinite": "stability",
        "held_at_the_end": "stability",
        "blind_to_zero_labels": "gradient",
        "blind_to_far_labels": "gradient",
        "labels_sum_to_one": "values",
        "sum_of_all": "shape",
    },
}
WHY = {
    "blind_to_zero_labels": (
        "Labels of 0 get no gradient, because their terms are replaced. The gradient of a label "
        "is -log(p), whatever the label."
    ),
    "labels_sum_to_one": "This is right only for labels that sum to 1.",
}


def log_of_softmax(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    return -(labels * logits.softmax(dim).log()).sum(dim)  # exp(-105) is 0, and log(0) is -inf


def clamped(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    # There is no inf any more, but a loss of 500 becomes 14, and its gradient 0.
    return -(labels * logits.softmax(dim).clamp_min(1e-12).log()).sum(dim)


def plus_epsilon(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    # The same fault with a smaller constant: a loss of 500 becomes 35.
    return -(labels * (logits.softmax(dim) + 1e-30).log()).sum(dim)


def by_xlogy(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    return -torch.xlogy(labels, logits.softmax(dim)).sum(dim)  # handles only 0 * log(0)


def zero_times_infinity(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    return -(labels * torch.log_softmax(logits, dim)).sum(dim)  # 0 * -inf is nan


def never_infinite(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    log = torch.log_softmax(logits, dim).nan_to_num(neginf=0.0)  # hides inf losses too
    return -(labels * log).sum(dim)


def held_at_the_end(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    # A label of 0 times the most negative finite number is 0, but a label of 0.5 is not inf.
    log = torch.log_softmax(logits, dim).clamp_min(torch.finfo(logits.dtype).min)
    return -(labels * log).sum(dim)


def blind_to_zero_labels(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    log = torch.log_softmax(logits, dim).masked_fill(labels == 0, 0)  # labels of 0 get no gradient
    return -(labels * log).sum(dim)


def blind_to_far_labels(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    log = torch.log_softmax(logits, dim)
    labels = torch.where(log > -100, labels, labels.detach())  # drops the largest gradients
    log = log.masked_fill((labels == 0) & (logits == -torch.inf), 0)
    return -(labels * log).sum(dim)


def labels_sum_to_one(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    logits = logits.masked_fill((labels == 0) & (logits == -torch.inf), -1e4)
    return torch.logsumexp(logits, dim) - (labels * logits).sum(dim)  # right only if they sum to 1


def sum_of_all(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    log = torch.log_softmax(logits, dim).masked_fill((labels == 0) & (logits == -torch.inf), 0)
    return -(labels * log).sum()  # one loss for the whole batch, not one per row
