"""Reference: the logarithm is taken on paper, before anything is rounded.

Right: log(exp(x) / sum) is x - log(sum), in which a logit of -1000 stays -1000 instead of going
through exp(-1000) = 0. The one product that is still nan, 0 * -inf, is mended in the factor:
masking the product would do for logits, but leave 0 * inf in the gradient to labels.
"""

import torch
from torch import Tensor

HINTS = (
    "The logarithm of a softmax is simple; it is only the way there that loses the number.",
    """log(exp(x) / sum) = x - log(sum). Where the label is 0 and the logit is -inf, the product
    of the two is nan: which of the factors can be replaced by an ordinary number there?""",
    """`log = torch.log_softmax(logits, dim)`, then `log.masked_fill((labels == 0) & (logits ==
    -torch.inf), 0)`, and minus the sum of labels times this.""",
)

TRAPS = {
    "soft_cross_entropy": {
        "log_of_softmax": "stability",
        "clamped": "stability",
        "plus_epsilon": "stability",
        "by_xlogy": "stability",
        "zero_times_infinity": "stability",
        "never_infinite": "stability",
        "blind_to_zero_labels": "gradient",
        "blind_to_far_labels": "gradient",
        "labels_sum_to_one": "values",
        "sum_of_all": "shape",
    },
}

ALTERNATIVES = {
    "soft_cross_entropy": ("by_logsumexp", "shifted_by_hand", "masked_product", "held_at_the_end")
}


def soft_cross_entropy(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    log = torch.log_softmax(logits, dim)
    log = log.masked_fill((labels == 0) & (logits == -torch.inf), 0)
    return -(labels * log).sum(dim)


def by_logsumexp(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    below = torch.logsumexp(logits, dim, keepdim=True) - logits  # how far below the sum, >= 0
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


def held_at_the_end(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    # Not inf but the largest number there is: 0 times that is 0, and what is impossible is immense.
    log = torch.log_softmax(logits, dim).clamp_min(torch.finfo(logits.dtype).min)
    return -(labels * log).sum(dim)


def log_of_softmax(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    return -(labels * logits.softmax(dim).log()).sum(dim)  # log(0) below -104


def clamped(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    # No inf any more, yet a loss of 500 becomes 14, and the gradient 0.
    return -(labels * logits.softmax(dim).clamp_min(1e-12).log()).sum(dim)


def plus_epsilon(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    return -(labels * (logits.softmax(dim) + 1e-30).log()).sum(dim)  # the same in smaller


def by_xlogy(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    return -torch.xlogy(labels, logits.softmax(dim)).sum(dim)  # minds 0 * log(0), not the rest


def zero_times_infinity(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    return -(labels * torch.log_softmax(logits, dim)).sum(dim)  # 0 * -inf is nan


def never_infinite(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    log = torch.log_softmax(logits, dim).nan_to_num(neginf=0.0)  # hides an impossible event, too
    return -(labels * log).sum(dim)


def blind_to_zero_labels(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    log = torch.log_softmax(logits, dim).masked_fill(labels == 0, 0)  # no gradient to such labels
    return -(labels * log).sum(dim)


def blind_to_far_labels(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    log = torch.log_softmax(logits, dim)
    labels = torch.where(log > -100, labels, labels.detach())  # theirs is the largest gradient
    log = log.masked_fill((labels == 0) & (logits == -torch.inf), 0)
    return -(labels * log).sum(dim)


def labels_sum_to_one(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    logits = logits.masked_fill((labels == 0) & (logits == -torch.inf), -1e4)
    return torch.logsumexp(logits, dim) - (labels * logits).sum(dim)  # only if they sum to 1


def sum_of_all(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    log = torch.log_softmax(logits, dim).masked_fill((labels == 0) & (logits == -torch.inf), 0)
    return -(labels * log).sum()  # one number for the whole batch
