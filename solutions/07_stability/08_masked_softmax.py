"""Reference: -inf for what is masked out, and two guards for rows in which nothing is left.

Right: `masked_fill` comes first, so neither the values nor the gradient ever meet what was masked
out, and exp(-inf) is exactly 0. Where a whole row is -inf, its largest entry would give
-inf - (-inf) = nan, so the shift is held at a finite number; and its sum of 0 is replaced by 1
before the division, for a nan that is masked after it would still be in the gradient.
"""

import torch
from torch import Tensor

HINTS = (
    "Replace what is masked out before anything is computed with it, not afterwards.",
    """Fill with -inf, for exp(-inf) is 0. In a row of nothing but -inf, keep both the shift and
    the divisor finite: what should the row be divided by instead of 0?""",
    """`x = scores.masked_fill(~mask, -torch.inf)`, `top = x.detach().amax(dim, keepdim=True)` with
    its -inf replaced by 0, `exp = (x - top).exp()`, and divide by the sum, or by 1 where it is 0.
    """,
)

TRAPS = {
    "masked_softmax": {
        "filled_with_minus_1e9": "stability",
        "only_filled": "stability",
        "times_mask": "stability",
        "shifted_by_all": "stability",
        "not_shifted": "stability",
        "mask_after_exp": "gradient",
        "any_of_the_mask": "stability",
        "not_renormalised": "values",
        "upside_down": "values",
        "in_place": "purity",
    },
}

ALTERNATIVES = {"masked_softmax": ("by_safe_rows", "nan_to_zero", "by_logsumexp")}


def masked_softmax(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    x = scores.masked_fill(~mask, -torch.inf)
    top = x.detach().amax(dim, keepdim=True)
    exp = (x - top.masked_fill(top == -torch.inf, 0)).exp()
    total = exp.sum(dim, keepdim=True)
    return exp / torch.where(total == 0, 1, total)


def by_safe_rows(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    mask = mask.expand_as(scores)
    empty = ~mask.any(dim, keepdim=True)
    x = torch.where(mask, scores, -torch.inf)
    x = torch.where(empty, 0, x)  # an empty row becomes an ordinary one, and 0 at the end
    return torch.softmax(x, dim) * mask


def nan_to_zero(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # The gradient of an empty row is nan on its way back, and then masked_fill cuts all of it off.
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim).masked_fill(~mask, 0)


def by_logsumexp(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    low = -1e4  # finite, so that nothing is nan; far below -1000, so that exp gives 0 beside it
    x = scores.masked_fill(~mask, low)
    return (x - torch.logsumexp(x, dim, keepdim=True)).exp().masked_fill(~mask, 0)


def filled_with_minus_1e9(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # In an empty row all are equal, so each gets 1/n instead of 0.
    return torch.softmax(scores.masked_fill(~mask, -1e9), dim)


def only_filled(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim)  # an empty row is nan


def times_mask(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    exp = (scores - scores.amax(dim, keepdim=True)).exp() * mask  # nan * 0 is nan
    return exp / exp.sum(dim, keepdim=True).clamp_min(torch.finfo(exp.dtype).tiny)


def shifted_by_all(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    x = torch.where(mask, scores, -torch.inf)
    top = scores.detach().nan_to_num(0, 0, 0).amax(dim, keepdim=True)  # of those left out, too
    exp = (x - top).exp()
    total = exp.sum(dim, keepdim=True)
    return exp / torch.where(total == 0, 1, total)


def not_shifted(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    exp = scores.masked_fill(~mask, -torch.inf).exp()  # inf above 88.7, all 0 below -104
    total = exp.sum(dim, keepdim=True)
    return exp / torch.where(total == 0, 1, total)


def mask_after_exp(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # The result is right, but the gradient goes through exp(nan) and 0 * nan.
    top = scores.detach().masked_fill(~mask, -torch.inf).amax(dim, keepdim=True)
    exp = (scores - top.masked_fill(top == -torch.inf, 0)).exp()
    exp = torch.where(mask, exp, 0)
    total = exp.sum(dim, keepdim=True)
    return exp / torch.where(total == 0, 1, total)


def any_of_the_mask(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # The mask has no such dim where it only broadcasts: `any` looks along another one.
    some = mask.any(dim, keepdim=True)
    return torch.where(some, torch.softmax(scores.masked_fill(~mask, -torch.inf), dim), 0)


def not_renormalised(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    return torch.softmax(scores, dim).masked_fill(~mask, 0)  # rows sum to less than 1


def upside_down(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    return torch.softmax(scores.masked_fill(mask, -torch.inf), dim).masked_fill(mask, 0)


def in_place(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # `scores[...]` is a view: filling it fills what the caller holds.
    return torch.softmax(scores[...].masked_fill_(~mask, -torch.inf), dim).masked_fill(~mask, 0)
