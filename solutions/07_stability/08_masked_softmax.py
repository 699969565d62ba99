"""Reference: fill masked-out entries with -inf, and guard against rows with no other entries.

Correct: `masked_fill` is first, so masked-out nan and inf reach neither the values nor the
gradient, and exp(-inf) is exactly 0. If a row contains only -inf, a shift by the largest entry
gives -inf - (-inf) = nan, so the reference shifts by 0 instead. The sum of such a row is 0, so the
reference divides by 1 instead. A mask after the division would fix the result but leave nan in
the gradient.
"""

import torch
from torch import Tensor


def masked_softmax(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    x = scores.masked_fill(~mask, -torch.inf)
    top = x.detach().amax(dim, keepdim=True)
    exp = (x - top.masked_fill(top == -torch.inf, 0)).exp()
    total = exp.sum(dim, keepdim=True)
    return exp / torch.where(total == 0, 1, total)


HINTS = (
    "Replace masked-out entries before you compute anything with them, not afterwards.",
    """Fill with -inf, because exp(-inf) is 0. If a row contains only -inf, the shift must stay
    finite, and the divisor must not be 0: what can you divide by instead?""",
    """`x = scores.masked_fill(~mask, -torch.inf)`, and `top = x.detach().amax(dim, keepdim=True)`
    with 0 instead of -inf. Then compute `exp = (x - top).exp()`, and divide it by its sum, or by 1
    if the sum is 0.""",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"masked_softmax": ("by_safe_rows", "nan_to_zero", "by_logsumexp")}


def by_safe_rows(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    mask = mask.expand_as(scores)
    empty = ~mask.any(dim, keepdim=True)
    x = torch.where(mask, scores, -torch.inf)
    x = torch.where(empty, 0, x)  # an empty row becomes an ordinary one; the mask sets it to 0
    return torch.softmax(x, dim) * mask


def nan_to_zero(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # The softmax of an empty row has a nan gradient, but the first masked_fill drops all of it.
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim).masked_fill(~mask, 0)


def by_logsumexp(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    low = -1e4  # finite, so nothing is nan; far below -1000, so exp underflows to 0
    x = scores.masked_fill(~mask, low)
    return (x - torch.logsumexp(x, dim, keepdim=True)).exp().masked_fill(~mask, 0)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "masked_softmax": {
        "filled_with_minus_1e9": "stability",
        "only_filled": "stability",
        "times_mask": "stability",
        "shifted_by_all": "stability",
        "not_shifted": "stability",
        "mask_after_exp": "gradient",
        "any_of_the_mask": "stability",
        "not_renormalized": "values",
        "upside_down": "values",
        "in_place": "purity",
        "too_low_for_float16": "dtype",
    },
}
WHY = {
    "filled_with_minus_1e9": (
        "In a row that is masked out completely, all entries are equal, so each gets 1/n. It must "
        "be 0."
    ),
    "only_filled": (
        "A row that is masked out completely contains only -inf. Its maximum is -inf, and -inf - "
        "-inf is nan."
    ),
    "times_mask": (
        "A product with the mask does not remove nan and infinity: nan * 0 is nan. Fill the "
        "masked-out entries first."
    ),
    "not_shifted": (
        "`exp` overflows above 88 and is 0 below -104. Subtract the maximum of each row first."
    ),
    "any_of_the_mask": (
        "The mask may have fewer dims than scores, and then `dim` is another dim of it, or a size "
        "of 1. Broadcast it to the shape of scores before reducing it."
    ),
    "not_renormalized": (
        "The masked-out entries still count in the sum, so each row sums to less than 1."
    ),
    "mask_after_exp": (
        "The result is right, but the gradient passes through `exp` of the masked-out entries: 0 "
        "times nan is nan."
    ),
}


def filled_with_minus_1e9(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # In an empty row, all entries are equal, so each gets 1/n instead of 0.
    return torch.softmax(scores.masked_fill(~mask, -1e9), dim)


def only_filled(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim)  # an empty row is nan


def times_mask(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    exp = (scores - scores.amax(dim, keepdim=True)).exp() * mask  # nan * 0 is nan
    return exp / exp.sum(dim, keepdim=True).clamp_min(torch.finfo(exp.dtype).tiny)


def shifted_by_all(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    x = torch.where(mask, scores, -torch.inf)
    top = scores.detach().nan_to_num(0, 0, 0).amax(dim, keepdim=True)  # of masked-out entries too
    exp = (x - top).exp()
    total = exp.sum(dim, keepdim=True)
    return exp / torch.where(total == 0, 1, total)


def not_shifted(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    exp = scores.masked_fill(~mask, -torch.inf).exp()  # inf above 88.7, only 0 below -104
    total = exp.sum(dim, keepdim=True)
    return exp / torch.where(total == 0, 1, total)


def mask_after_exp(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # The result is right, but the gradient passes through exp(nan) and 0 * nan.
    top = scores.detach().masked_fill(~mask, -torch.inf).amax(dim, keepdim=True)
    exp = (scores - top.masked_fill(top == -torch.inf, 0)).exp()
    exp = torch.where(mask, exp, 0)
    total = exp.sum(dim, keepdim=True)
    return exp / torch.where(total == 0, 1, total)


def any_of_the_mask(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # A mask with fewer dimensions than scores broadcasts, but `dim` is another dimension of it.
    some = mask.any(dim, keepdim=True)
    return torch.where(some, torch.softmax(scores.masked_fill(~mask, -torch.inf), dim), 0)


def not_renormalized(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    return torch.softmax(scores, dim).masked_fill(~mask, 0)  # rows sum to less than 1


def upside_down(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # Keeps exactly the entries that are masked out.
    return torch.softmax(scores.masked_fill(mask, -torch.inf), dim).masked_fill(mask, 0)


def in_place(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # `scores[...]` is a view, so filling it modifies the caller's tensor.
    return torch.softmax(scores[...].masked_fill_(~mask, -torch.inf), dim).masked_fill(~mask, 0)


def too_low_for_float16(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    # float16 ends at -65504, so this raises there.
    return torch.softmax(scores.masked_fill(~mask, -1e9), dim).masked_fill(~mask, 0)
